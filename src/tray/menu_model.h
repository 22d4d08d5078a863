/* What the menu of the icon holds, as a list: made anew from what the front knows, and compared
 * with what is shown, so that nothing is touched that looks the same. Knows no GTK. Any thread. */
#ifndef TRAY_MENU_MODEL_H
#define TRAY_MENU_MODEL_H

#include "front/front.h"
#include "tray/standing.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	MENU_UNREAD_MAX = 10, /* conversations with something unread */
	MENU_RECENT_MAX = 5,  /* other conversations: that many with those above, at the most */
	MENU_PEOPLE_MAX = 20,
	MENU_OFFERS_MAX = 8,
	MENU_FILES_MAX = 8, /* on their way */
};

enum menu_kind {
	MENU_OPEN,
	MENU_SEPARATOR,
	MENU_NOTE,   /* a sentence; nothing to choose */
	MENU_PERSON, /* key: instance name */
	MENU_MORE,   /* there are more people than fit */
	MENU_OFFER,  /* key: id of the file; to accept or decline */
	MENU_FILE,   /* key: id; to look at or cancel */
	MENU_STATUS, /* key: available, away, dnd */
	MENU_PREFERENCES,
	MENU_ABOUT,
	MENU_QUIT,
};

struct menu_entry {
	enum menu_kind kind;
	char *key;   /* owned; "" where the kind says all */
	char *label; /* owned; clean, plain text: neither markup nor mnemonics */
};

struct menu_model {
	struct menu_entry *entries; /* owned */
	size_t count;
};

/* All borrowed. */
struct menu_source {
	struct standing_source standing;
	struct front_person *const *people; /* in the order of front_people() */
	size_t people_count;
	struct front_file *const *files;
	size_t file_count;
};

/* NULL: out of memory. */
struct menu_model *menu_model_create(const struct menu_source *source);
void menu_model_destroy(struct menu_model *m);

/* The same thing to choose, whatever it is called by now. */
bool menu_entry_is(const struct menu_entry *a, const struct menu_entry *b);

#endif
