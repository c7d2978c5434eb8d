/* What a move that is on record already still brings with it. */
#include "base/utf8.h"
#include "domain/progress_work.h"

/* A note takes the place of the one before, as it does beside a move that is applied. */
static bool put_note(char to[PROGRESS_NOTE_BYTES], struct str note)
{
    struct str cut = utf8_valid(note) ? utf8_head(note, PROGRESS_NOTE_CHARS_MAX) : STR("");
    if (cut.len == 0 || cut.len >= PROGRESS_NOTE_BYTES || str_is(cut, to)) {
        return false;
    }
    memset(to, 0, PROGRESS_NOTE_BYTES);
    memcpy(to, cut.at, cut.len);
    return true;
}

bool progress_say_anew(struct progress *progress, enum progress_move_kind beside, struct str note)
{
    bool other = progress->move_noted != beside;
    if (!put_note(progress->move_note, note) && (!other || note.len == 0 || !utf8_valid(note))) {
        return false;
    }
    progress->move_noted = beside;
    return true;
}

static bool amend_note(const struct procedure *procedure, struct progress *progress,
                       const struct progress_move *move)
{
    int step;
    switch (move->kind) {
    case MOVE_STEP:
        step = procedure_step_index(progress_route(procedure, progress), move->step);
        return step >= 0 && put_note(progress->steps[step].note, move->note);
    case MOVE_DECIDE:
    case MOVE_MERGE:
    case MOVE_WITHDRAW:
    case MOVE_UPHOLD:
        return put_note(progress->note, move->note);
    case MOVE_ASK:
        return put_note(progress->ask_note, move->note);
    default:
        return progress_say_anew(progress, move->kind, move->note);
    }
}

bool progress_amend(const struct procedure *procedure, struct progress *progress,
                    const struct progress_move *move)
{
    bool noted = amend_note(procedure, progress, move);
    bool found = (move->plain && !progress->plain) || (move->authorised && !progress->authorised);
    progress->plain |= move->plain;
    progress->authorised |= move->authorised;
    return noted || found;
}
