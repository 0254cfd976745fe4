/* Titles and labels as written in notebooks: see label.c. */
#ifndef LSV_PLOT_LABEL_H
#define LSV_PLOT_LABEL_H

#include "text/text.h"

void lsv_label_take(const char *text, lsv_text *out);  /* with $…$ made into Unicode */
void lsv_label_ascii(const char *text, lsv_text *out); /* of Unicode, as far as it goes; '?' beyond */

#endif
