#include "transfer/method.h"

#include <stddef.h>

const struct transfer_method *const transfer_methods[] = {
    NULL,
};
