#include "transfer/method.h"
#include "transfer/xep0234_jingle_ft.h"

#include <stddef.h>

const struct transfer_method *const transfer_methods[] = {
    &jingle_method,
    NULL,
};
