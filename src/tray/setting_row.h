/* A setting of the daemon as a row of the preferences, as the daemon describes it (docs/ipc.md,
 * setting): the control fits its type, what is locked is grey and says by whom and why, and a
 * change is made at once. GTK's thread. */
#ifndef TRAY_SETTING_ROW_H
#define TRAY_SETTING_ROW_H

#include "tray/pref_row.h"

/* setting: borrowed for the call. changed: after the daemon has taken a change; runs in the
 * widget's life only. */
GtkWidget *setting_row_new(
    struct front *f, const struct earshot_value *setting, void (*changed)(void *ctx), void *ctx);
/* As it is now. What somebody is typing stays. */
void setting_row_show(GtkWidget *row, const struct earshot_value *setting);
/* Of the setting that a row shows. */
const struct earshot_value *setting_row_setting(GtkWidget *row);

/* What is to be said of it below: appended, clean; PREF_NOTHING: nothing. */
struct buf;
enum pref_note setting_row_remark(const struct earshot_value *setting, struct buf *out);

#endif
