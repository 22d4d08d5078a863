#include "tray/avatar.h"

#include "base/str.h"
#include "tray/picture.h"

#include <string.h>

enum { SIDE_MAX = 128, INITIALS_BYTES = 16, KEPT = 512 };

struct avatar {
	GtkWidget *area; /* borrowed; owns this struct */
	int size;
	gboolean with_dot;
	char initials[INITIALS_BYTES];
	guint colour;
	enum front_presence presence;
	char *hash;         /* owned; of the picture that is shown or asked for; NULL: none */
	GdkPixbuf *picture; /* owned; NULL: initials */
};

/* Pictures by their hash, for the whole program; emptied when it grows, for who likes can have
 * another one every minute. What is shown keeps its own. */
static GHashTable *known;

static void
avatar_free(gpointer data)
{
	struct avatar *a = data;
	g_free(a->hash);
	g_clear_object(&a->picture);
	g_free(a);
}

/* ---- drawing ---- */

/* White reads well on all of them. */
static const double colours[][3] = {{0.36, 0.51, 0.76}, {0.76, 0.42, 0.36}, {0.33, 0.60, 0.44},
    {0.56, 0.44, 0.70}, {0.72, 0.52, 0.22}, {0.24, 0.58, 0.62}, {0.72, 0.38, 0.56},
    {0.46, 0.52, 0.58}};

static void
draw_initials(const struct avatar *a, cairo_t *cr)
{
	PangoRectangle box;
	PangoLayout *layout = gtk_widget_create_pango_layout(a->area, a->initials);
	PangoFontDescription *font = pango_font_description_from_string("Sans Bold");
	const double *rgb = colours[a->colour];
	cairo_set_source_rgb(cr, rgb[0], rgb[1], rgb[2]);
	cairo_paint(cr);
	pango_font_description_set_absolute_size(font, a->size * 0.38 * PANGO_SCALE);
	pango_layout_set_font_description(layout, font);
	pango_layout_get_pixel_extents(layout, NULL, &box);
	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_move_to(cr, (a->size - box.width) / 2.0, (a->size - box.height) / 2.0);
	pango_cairo_show_layout(cr, layout);
	pango_font_description_free(font);
	g_object_unref(layout);
}

static void
draw_picture(const struct avatar *a, cairo_t *cr)
{
	double w = gdk_pixbuf_get_width(a->picture), h = gdk_pixbuf_get_height(a->picture);
	double scale = a->size / (w < h ? w : h);
	cairo_scale(cr, scale, scale);
	gdk_cairo_set_source_pixbuf(
	    cr, a->picture, (a->size / scale - w) / 2, (a->size / scale - h) / 2);
	cairo_paint(cr);
}

/* Green and full: answered; a green ring: only announced; orange: does not answer; none: gone. */
static void
draw_dot(const struct avatar *a, cairo_t *cr)
{
	double r = a->size / 7.0, at = a->size - r - 1;
	if (a->presence == FRONT_GONE)
		return;
	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_arc(cr, at, at, r + 1, 0, 2 * G_PI);
	cairo_fill(cr);
	if (a->presence == FRONT_SILENT)
		cairo_set_source_rgb(cr, 0.91, 0.58, 0.12);
	else
		cairo_set_source_rgb(cr, 0.18, 0.65, 0.35);
	cairo_arc(cr, at, at, a->presence == FRONT_ANNOUNCED ? r - 1.5 : r - 0.5, 0, 2 * G_PI);
	if (a->presence == FRONT_ANNOUNCED) {
		cairo_set_line_width(cr, 2);
		cairo_stroke(cr);
	} else {
		cairo_fill(cr);
	}
}

static gboolean
on_draw(GtkWidget *area, cairo_t *cr, gpointer ctx)
{
	const struct avatar *a = ctx;
	double r = a->size / 2.0;
	(void)area;
	cairo_save(cr);
	cairo_arc(cr, r, r, r, 0, 2 * G_PI);
	cairo_clip(cr);
	if (a->picture)
		draw_picture(a, cr);
	else
		draw_initials(a, cr);
	cairo_restore(cr);
	if (a->with_dot)
		draw_dot(a, cr);
	return TRUE;
}

GtkWidget *
avatar_new(int size, gboolean with_dot)
{
	struct avatar *a = g_new0(struct avatar, 1);
	a->area = gtk_drawing_area_new();
	a->size = size;
	a->with_dot = with_dot;
	gtk_widget_set_has_window(a->area, FALSE);
	gtk_widget_set_size_request(a->area, size, size);
	gtk_widget_set_valign(a->area, GTK_ALIGN_CENTER);
	g_object_set_data_full(G_OBJECT(a->area), "avatar", a, avatar_free);
	g_signal_connect(a->area, "draw", G_CALLBACK(on_draw), a);
	return a->area;
}

/* ---- the picture ---- */

struct wish {
	GtkWidget *area; /* a weak pointer: NULL once it is gone */
	char *hash;
};

static void
on_picture(void *ctx, int err, const struct earshot_value *answer)
{
	struct wish *wish = ctx;
	GdkPixbuf *found = err ? NULL : picture_of_hex(earshot_value_str(answer, "data"), SIDE_MAX);
	struct avatar *a = wish->area ? g_object_get_data(G_OBJECT(wish->area), "avatar") : NULL;
	if (a && str_equal(a->hash, wish->hash)) {
		g_set_object(&a->picture, found);
		gtk_widget_queue_draw(a->area);
	}
	if (found) {
		if (g_hash_table_size(known) >= KEPT)
			g_hash_table_remove_all(known);
		g_hash_table_insert(known, g_strdup(wish->hash), found); /* moves */
	}
	if (wish->area)
		g_object_remove_weak_pointer(G_OBJECT(wish->area), (gpointer *)&wish->area);
	g_free(wish->hash);
	g_free(wish);
}

static void
ask(struct avatar *a, struct front *f, const struct front_person *p)
{
	if (!known)
		known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
	GdkPixbuf *found = g_hash_table_lookup(known, a->hash);
	if (found) {
		g_set_object(&a->picture, found);
		return;
	}
	struct wish *wish = g_new0(struct wish, 1);
	struct earshot_value *params = earshot_value_object();
	wish->hash = g_strdup(a->hash);
	wish->area = a->area;
	g_object_add_weak_pointer(G_OBJECT(a->area), (gpointer *)&wish->area);
	earshot_value_set_str(params, "peer", p->name);
	front_call(f, "avatar", params, on_picture, wish);
}

static void
set_initials(struct avatar *a, const char *display)
{
	GString *s = g_string_new(NULL);
	bool at_start = true;
	for (const char *c = display; *c && g_utf8_strlen(s->str, -1) < 2;
	     c = g_utf8_next_char(c)) {
		gunichar ch = g_utf8_get_char(c);
		if (at_start && g_unichar_isalnum(ch))
			g_string_append_unichar(s, g_unichar_toupper(ch));
		at_start = !g_unichar_isalnum(ch);
	}
	(void)g_strlcpy(a->initials, s->len > 0 ? s->str : "?", sizeof(a->initials));
	g_string_free(s, TRUE);
}

void
avatar_show(GtkWidget *avatar, struct front *f, const struct front_person *p)
{
	struct avatar *a = g_object_get_data(G_OBJECT(avatar), "avatar");
	const char *hash = earshot_value_str(p->info, "avatar");
	set_initials(a, p->display);
	a->colour = g_str_hash(p->name) % G_N_ELEMENTS(colours);
	a->presence = p->presence;
	if (!str_equal(hash, a->hash)) {
		g_free(a->hash);
		a->hash = g_strdup(hash);
		g_clear_object(&a->picture);
		if (hash)
			ask(a, f, p);
	}
	gtk_widget_queue_draw(avatar);
}
