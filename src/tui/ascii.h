/* Text spelled in ASCII, column for column, for terminals that understand nothing else. Pure. */
#ifndef TUI_ASCII_H
#define TUI_ASCII_H

#include "tui/layout.h"

/* Writes cell->width characters; '?' where nothing is like it. Returns how many. */
unsigned ascii_cell(const struct layout_cell *cell, char out[2]);

#endif
