#include "transfer/method.h"
#include "transfer/xep0066_oob.h"
#include "transfer/xep0096_si.h"
#include "transfer/xep0234_jingle_ft.h"

#include <stddef.h>

const struct transfer_method *const transfer_methods[] = {
    &jingle_method,
    &jingle_plain_method,
    &si_method,
    &oob_method,
    &link_method,
    NULL,
};
