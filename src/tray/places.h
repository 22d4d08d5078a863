/* Where what belongs to this program lies: installed, or in the tree that it was built in. */
#ifndef TRAY_PLACES_H
#define TRAY_PLACES_H

/* A folder with a theme "hicolor" that has our icons, for panels to look in, too; the program's own
 * theme knows it from then on. NULL: they are where everybody looks. A new string (g_free()). */
char *places_icons(void);
/* How others find the icon of the program, with places_icons(): name or path. (g_free()) */
char *places_icon_for_others(const char *folder);
/* The command line, beside this program or in PATH. (g_free()) */
char *places_earshot(void);

#endif
