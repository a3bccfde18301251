/* A strict JSON reader (RFC 8259) that looks one path up while it checks the text. No allocation; 16 levels. */
#include "init.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at;
    const char *path;   /* what is looked for */
    char here[256];     /* where we are */
    char *value;
    size_t size;
    bool found;
    int depth;
};

static bool any(struct reader *r);

static void blanks(struct reader *r) {
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r') r->at++;
}

static bool hex4(const char *text, unsigned *code) {
    char digits[5] = {0};
    for (int i = 0; i < 4; i++) {
        if (!isxdigit((unsigned char)text[i])) return false;
        digits[i] = text[i];
    }
    *code = (unsigned)strtoul(digits, NULL, 16);
    return true;
}

/* Writes the unescaped string, cut to size. Code points beyond ASCII in \u escapes become '?': no value of ours has them. */
static bool string(struct reader *r, char *out, size_t size) {
    size_t used = 0;
    for (r->at++; *r->at != '"'; r->at++) {
        char c = *r->at;
        if ((unsigned char)c < 0x20) return false;
        if (c == '\\') {
            static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
            const char *known = *++r->at == '\0' ? NULL : strchr(from, *r->at);
            unsigned code;
            if (known != NULL) c = to[known - from];
            else if (*r->at == 'u' && hex4(r->at + 1, &code)) { c = code >= 0x20 && code < 0x80 ? (char)code : '?'; r->at += 4; }
            else return false;
        }
        if (used + 1 < size) out[used++] = c;
    }
    r->at++;
    if (size > 0) out[used] = '\0';
    return true;
}

static bool scalar(struct reader *r, char *out, size_t size) {
    const char *start = r->at;
    size_t length = 0;
    if (strncmp(start, "true", 4) == 0 || strncmp(start, "null", 4) == 0) length = 4;
    else if (strncmp(start, "false", 5) == 0) length = 5;
    else {
        const char *p = start + (*start == '-');
        if (!isdigit((unsigned char)*p)) return false;
        if (*p == '0') p++; else while (isdigit((unsigned char)*p)) p++;
        if (*p == '.') { p++; if (!isdigit((unsigned char)*p)) return false; while (isdigit((unsigned char)*p)) p++; }
        if (*p == 'e' || *p == 'E') { p++; if (*p == '+' || *p == '-') p++; if (!isdigit((unsigned char)*p)) return false; while (isdigit((unsigned char)*p)) p++; }
        length = (size_t)(p - start);
    }
    r->at += length;
    if (size > 0) snprintf(out, size, "%.*s", (int)length, start);
    return true;
}

static bool child(struct reader *r, const char *name) {
    size_t length = strlen(r->here);
    int more = snprintf(r->here + length, sizeof r->here - length, "%s%s", length == 0 ? "" : ".", name);
    bool good = more >= 0 && (size_t)more < sizeof r->here - length && any(r);
    r->here[length] = '\0';
    return good;
}

static bool members(struct reader *r, char close, bool named) {
    r->at++;
    blanks(r);
    if (*r->at == close) { r->at++; return true; }
    for (int index = 0;; index++) {
        char name[64];
        if (named) {
            blanks(r);
            if (*r->at != '"' || !string(r, name, sizeof name)) return false;
            blanks(r);
            if (*r->at++ != ':') return false;
        } else {
            snprintf(name, sizeof name, "%d", index);
        }
        if (!child(r, name)) return false;
        blanks(r);
        if (*r->at == close) { r->at++; return true; }
        if (*r->at++ != ',') return false;
    }
}

static bool any(struct reader *r) {
    if (++r->depth > 16) return false;
    blanks(r);
    bool wanted = strcmp(r->here, r->path) == 0, good;
    char *out = wanted ? r->value : NULL;
    size_t size = wanted ? r->size : 0;
    if (*r->at == '{') good = members(r, '}', true);
    else if (*r->at == '[') good = members(r, ']', false);
    else {
        good = *r->at == '"' ? string(r, out, size) : scalar(r, out, size);
        if (wanted && good) r->found = true;
    }
    r->depth--;
    return good;
}

bool json_get(const char *text, const char *path, char *value, size_t size) {
    struct reader r = {.at = text, .path = path, .value = value, .size = size};
    if (!any(&r)) return false;
    blanks(&r);
    return *r.at == '\0' && r.found;
}

void json_escape(const char *text, char *out, size_t size) {
    size_t used = 0;
    for (; *text != '\0' && used + 7 < size; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') { out[used++] = '\\'; out[used++] = (char)c; }
        else if (c == '\n') { out[used++] = '\\'; out[used++] = 'n'; }
        else if (c < 0x20 || c >= 0x7f) used += (size_t)snprintf(out + used, size - used, "\\u%04x", c);
        else out[used++] = (char)c;
    }
    out[used] = '\0';
}
