/* Where Earshot's folders are (XDG base directories). Any thread. */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

#include "base/compiler.h"

enum paths_kind {
	PATHS_CONFIG,  /* $XDG_CONFIG_HOME/earshot */
	PATHS_STATE,   /* $XDG_STATE_HOME/earshot */
	PATHS_DATA,    /* $XDG_DATA_HOME/earshot: the porter's, closed to the daemon */
	PATHS_RUNTIME, /* $XDG_RUNTIME_DIR/earshot, or the state folder's run/ without one */
};

/* The absolute path of a folder, or of `name` in it (NULL: the folder itself), as a new string
 * (free()). -ENOENT: neither the variable nor $HOME nor the account names a place. */
int paths_get(enum paths_kind kind, const char *name, char **out) MUST_USE;

/* Makes sure that the folder is there, is a folder, is ours and is closed to others: made with
 * 0700, state, data and runtime folders that others could read are set to it.
 * -EPERM: it belongs to someone else; -EACCES: others may write to it, or may replace it or a
 * folder above it (L1). */
int paths_make(enum paths_kind kind) MUST_USE;

/* The user's own folder for downloads, as a new string (free()): what user-dirs.dirs in the
 * configuration folder names (xdg-user-dirs), else Downloads in the home folder. It need not be
 * there. -ENOENT: there is no home folder. */
int paths_downloads(char **out) MUST_USE;

/* The folder the running program was started from, as a new string (free()). */
int paths_program_dir(char **out) MUST_USE;

#endif
