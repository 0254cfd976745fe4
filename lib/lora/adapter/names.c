/* Names: a map from them to numbers, the order people expect, and kohya's form of them.

   kohya's files write a module's dots as underscores, "lora_unet_down_blocks_0_attentions_1_proj", after a word for
   the part of the model. Names have underscores of their own, so the way back needs the base's list: each of its names is
   flattened, and the flat ones are looked up. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lora/adapter/inside.h"

/* ---- the map: open addressing ---- */

static size_t hash(const char *key) {
    uint64_t h = 14695981039346656037u;
    for (; *key; key++) h = (h ^ (unsigned char)*key) * 1099511628211u;
    return (size_t)(h ^ h >> 29);
}

static struct lsv_name_slot *slot(const lsv_name_map *m, const char *key) {
    size_t i = hash(key) & (m->slots - 1);
    while (m->at[i].key && strcmp(m->at[i].key, key) != 0) i = (i + 1) & (m->slots - 1);
    return &m->at[i];
}

ptrdiff_t lsv_name_map_get(const lsv_name_map *m, const char *key) {
    if (m->n == 0) return -1;
    const struct lsv_name_slot *s = slot(m, key);
    return s->key ? s->value : -1;
}

static lsv_status widen(lsv_name_map *m, lsv_error *err) {
    lsv_name_map wider = {m->n, m->slots ? m->slots * 2 : 64, NULL};
    wider.at = lsv_calloc(wider.slots, sizeof *wider.at);
    if (!wider.at) return lsv_no_memory(err, wider.slots * sizeof *wider.at);
    for (size_t i = 0; i < m->slots; i++)
        if (m->at[i].key) *slot(&wider, m->at[i].key) = m->at[i];
    lsv_free(m->at);
    *m = wider;
    return LSV_OK;
}

lsv_status lsv_name_map_put(lsv_name_map *m, const char *key, ptrdiff_t value, ptrdiff_t *old, lsv_error *err) {
    if (m->n >= m->slots / 2) LSV_TRY(widen(m, err));
    struct lsv_name_slot *s = slot(m, key);
    if (old) *old = s->key ? s->value : -1;
    if (!s->key) {
        *s = (struct lsv_name_slot){key, value};
        m->n++;
    }
    return LSV_OK;
}

void lsv_name_map_free(lsv_name_map *m) {
    lsv_free(m->at);
    *m = (lsv_name_map){0};
}

/* ---- the order ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

int lsv_name_order(const char *a, const char *b) {
    const char *first = a, *other = b;
    while (*a && *b) {
        if (is_digit(*a) && is_digit(*b)) {
            while (*a == '0' && is_digit(a[1])) a++;
            while (*b == '0' && is_digit(b[1])) b++;
            size_t n = strspn(a, "0123456789"), m = strspn(b, "0123456789");
            if (n != m) return n < m ? -1 : 1;
            int c = memcmp(a, b, n);
            if (c) return c;
            a += n, b += m;
        } else {
            if (*a != *b) return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
            a++, b++;
        }
    }
    if (*a || *b) return *a ? 1 : -1;
    return strcmp(first, other); /* "01" and "1" */
}

/* ---- kohya's form ---- */

/* Parts of a model: how names begin with them, and kohya's word. */
static const struct { const char *dotted, *flat; } parts[] = {
    {"text_encoder_2.", "lora_te2_"}, {"text_encoder_3.", "lora_te3_"}, {"text_encoder.", "lora_te_"},
    {"text_encoder.", "lora_te1_"},   {"unet.", "lora_unet_"},          {"transformer.", "lora_unet_"},
    {"diffusion_model.", "lora_unet_"}, {"model.diffusion_model.", "lora_unet_"}};
enum { PARTS = sizeof parts / sizeof *parts };

static bool begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

lsv_status lsv_kohya_name(const char *name, const char *prefix, bool two_text, char **out, lsv_error *err) {
    const char *word = prefix ? prefix : "lora_unet_", *rest = name;
    for (int i = 0; i < PARTS; i++)
        if (begins(name, parts[i].dotted)) {
            word = parts[i].flat;
            if (two_text && strcmp(word, "lora_te_") == 0) word = "lora_te1_";
            rest = name + strlen(parts[i].dotted);
            break;
        }
    size_t n = strlen(word) + strlen(rest) + 1;
    char *flat = lsv_malloc(n);
    if (!flat) return lsv_no_memory(err, n);
    memcpy(flat, word, strlen(word));
    memcpy(flat + strlen(word), rest, strlen(rest) + 1);
    for (char *c = flat; *c; c++)
        if (*c == '.') *c = '_';
    *out = flat;
    return LSV_OK;
}

/* ---- and back ---- */

static const ptrdiff_t ambiguous = -2;

void lsv_flat_names_free(lsv_flat_names *f) {
    for (ptrdiff_t i = 0; f->flat && i < f->base->n; i++) lsv_free(f->flat[i]);
    lsv_free(f->flat);
    lsv_name_map_free(&f->map);
    *f = (lsv_flat_names){0};
}

/* A base's name flat, with the word of its part where it says one and "*" where it does not. */
static lsv_status flatten(const char *name, char **out, lsv_error *err) { return lsv_kohya_name(name, "*", true, out, err); }

lsv_status lsv_flat_names_of(const lsv_base_names *base, lsv_flat_names *out, lsv_error *err) {
    *out = (lsv_flat_names){.base = base};
    if (base->n == 0) return LSV_OK;
    out->flat = lsv_calloc((size_t)base->n, sizeof *out->flat);
    lsv_status status = out->flat ? LSV_OK : lsv_no_memory(err, (size_t)base->n * sizeof *out->flat);
    for (ptrdiff_t i = 0; status == LSV_OK && i < base->n; i++) {
        ptrdiff_t old;
        status = flatten(base->names[i], &out->flat[i], err);
        if (status == LSV_OK) status = lsv_name_map_put(&out->map, out->flat[i], i, &old, err);
        if (status == LSV_OK && old >= 0 && strcmp(base->names[old], base->names[i]) != 0) slot(&out->map, out->flat[i])->value = ambiguous;
    }
    if (status != LSV_OK) lsv_flat_names_free(out);
    return status;
}

/* Looks for `flat` under its own word (te_ is te1_), then under none. */
static lsv_status look(const lsv_flat_names *f, const char *flat, ptrdiff_t *found, lsv_error *err) {
    const char *rest = flat;
    for (int i = 0; i < PARTS; i++)
        if (begins(flat, parts[i].flat)) {
            rest = flat + strlen(parts[i].flat);
            break;
        }
    size_t n = strlen(flat) + 4;
    char *key = lsv_malloc(n);
    if (!key) return lsv_no_memory(err, n);
    if (begins(flat, "lora_te_")) memcpy(key, "lora_te1_", 9), memcpy(key + 9, flat + 8, strlen(flat + 8) + 1);
    else memcpy(key, flat, strlen(flat) + 1);
    *found = lsv_name_map_get(&f->map, key);
    if (*found == -1) {
        key[0] = '*';
        memcpy(key + 1, rest, strlen(rest) + 1);
        *found = lsv_name_map_get(&f->map, key);
    }
    lsv_free(key);
    return LSV_OK;
}

lsv_status lsv_flat_names_find(const lsv_flat_names *f, const char *where, const char *flat, const char **name, lsv_error *err) {
    ptrdiff_t i = -1;
    LSV_TRY(look(f, flat, &i, err));
    if (i >= 0) {
        *name = f->base->names[i];
        return LSV_OK;
    }
    lsv_adapter_bad(where, flat, err, i == ambiguous ? "more than one of the base's %td names is this one with its dots as underscores"
                                                     : "none of the base's %td names is this one with its dots as underscores", f->base->n);
    lsv_hint(err, "%s", i == ambiguous ? "name the base's modules with the part they are of (\"text_encoder.…\", \"unet.…\")"
                                       : "is it the base that the adapter was made for, under the same names?");
    return LSV_EVALUE;
}

/* ---- a checkpoint's names ---- */

lsv_status lsv_base_names_of(const char *checkpoint, lsv_base_names *names, void **out, lsv_error *err) {
    static const char end[] = ".weight";
    lsv_safetensors *s;
    LSV_TRY(lsv_safetensors_open(checkpoint, &s, err));
    ptrdiff_t count = lsv_safetensors_count(s), n = 0;
    size_t bytes = (size_t)count * sizeof(char *) + 1;
    for (ptrdiff_t i = 0; i < count; i++) bytes += strlen(lsv_safetensors_info(s, i)->name) + 1;
    char **list = lsv_malloc(bytes);
    if (!list) {
        lsv_safetensors_close(s);
        return lsv_no_memory(err, bytes);
    }
    char *text = (char *)(list + count);
    for (ptrdiff_t i = 0; i < count; i++) {
        const char *name = lsv_safetensors_info(s, i)->name;
        size_t length = strlen(name);
        if (length < sizeof end - 1 || strcmp(name + length - (sizeof end - 1), end) != 0) continue;
        length -= sizeof end - 1;
        memcpy(text, name, length);
        text[length] = '\0';
        list[n++] = text;
        text += length + 1;
    }
    lsv_safetensors_close(s);
    *names = (lsv_base_names){n, (const char *const *)list};
    *out = list;
    return LSV_OK;
}
