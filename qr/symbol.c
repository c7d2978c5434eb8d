#include "qr/symbol.h"

#include <errno.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Fixed colours of the 256-colour cube: the sixteen named ones look different in every terminal's theme. */
#define INK_ON_PAPER "\033[38;5;16;48;5;231m"
#define PLAIN        "\033[0m"

enum { TEXT_BYTES_MAX = 1024 };

static const QRecLevel levels[] = {
    [SYMBOL_L] = QR_ECLEVEL_L,
    [SYMBOL_M] = QR_ECLEVEL_M,
    [SYMBOL_Q] = QR_ECLEVEL_Q,
    [SYMBOL_H] = QR_ECLEVEL_H,
};

/* Digits and the 45 characters of the alphanumeric mode (ISO/IEC 18004 table 5) take 5½ bits instead of 8. */
static bool alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr(" $%*+-./:", c));
}

/* Host in bytes, then "/V/CODE" in alphanumeric mode: where the tail that can be alphanumeric begins. */
static size_t tail_at(struct str text)
{
    size_t at = text.len;
    while (at > 0 && alphanumeric(text.at[at - 1])) {
        at--;
    }
    return at;
}

static bool input_add(QRinput *input, QRencodeMode mode, struct str part)
{
    return part.len == 0 ||
           QRinput_append(input, mode, (int)part.len, (const unsigned char *)part.at) == 0;
}

static QRcode *encode(struct str text, enum symbol_level level)
{
    size_t at = tail_at(text);
    QRcode *code = NULL;
    QRinput *input = QRinput_new2(0, levels[level]);
    CHECK(input != NULL);
    if (input_add(input, QR_MODE_8, str_sub(text, 0, at)) &&
        input_add(input, QR_MODE_AN, str_from(text, at))) {
        code = QRcode_encodeInput(input);
    }
    QRinput_free(input);
    return code;
}

bool symbol_make(struct symbol *ret, struct str text, enum symbol_level level, struct err *err)
{
    *ret = (struct symbol){0};
    if (text.len == 0 || text.len > TEXT_BYTES_MAX) {
        return err_set(err, "a QR code holds 1 to %d bytes here, not %zu", TEXT_BYTES_MAX,
                       text.len);
    }
    QRcode *code = encode(text, level);
    if (code == NULL) {
        return err_set(err, "no QR code for %zu bytes: %s", text.len, strerror(errno));
    }
    ret->width = (size_t)code->width;
    ret->modules = mem_alloc(ret->width * ret->width);
    for (size_t i = 0; i < ret->width * ret->width; i++) {
        ret->modules[i] = code->data[i] & 1;
    }
    QRcode_free(code);
    return true;
}

void symbol_release(struct symbol *symbol)
{
    free(symbol->modules);
    *symbol = (struct symbol){0};
}

bool symbol_dark(const struct symbol *symbol, size_t x, size_t y)
{
    return x < symbol->width && y < symbol->width && symbol->modules[y * symbol->width + x] != 0;
}

static const char *half_block(bool upper, bool lower)
{
    if (upper) {
        return lower ? "█" : "▀";
    }
    return lower ? "▄" : " ";
}

void symbol_terminal(const struct symbol *symbol, struct buf *to)
{
    size_t side = symbol->width + 2 * SYMBOL_QUIET;
    for (size_t y = 0; y < side; y += 2) {
        buf_puts(to, INK_ON_PAPER);
        for (size_t x = 0; x < side; x++) {
            /* Left of and above the symbol the unsigned differences wrap and are outside too. */
            bool upper = symbol_dark(symbol, x - SYMBOL_QUIET, y - SYMBOL_QUIET);
            bool lower = symbol_dark(symbol, x - SYMBOL_QUIET, y + 1 - SYMBOL_QUIET);
            buf_puts(to, half_block(upper, lower));
        }
        buf_puts(to, PLAIN "\n");
    }
}

bool symbol_run(const struct symbol *symbol, size_t y, size_t *x, size_t *length)
{
    size_t from = *x + *length;
    while (from < symbol->width && !symbol_dark(symbol, from, y)) {
        from++;
    }
    size_t to = from;
    while (to < symbol->width && symbol_dark(symbol, to, y)) {
        to++;
    }
    *x = from;
    *length = to - from;
    return to > from;
}
