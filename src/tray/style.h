/* The style sheet of the window: only what a theme does not say. Colours are mixed from those of
 * the theme, so that light, dark and high contrast stay what they are. */
#ifndef TRAY_STYLE_H
#define TRAY_STYLE_H

extern const char style_sheet[];

#endif
