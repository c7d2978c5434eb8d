/*
 * keys.h - every key in Redis, named here and in the head of store.lua only.
 *
 * A report's keys carry the hash tag of its bucket, {00} to {99} (the first two digits of its receipt), and never another. The functions get one
 * key, the bucket's prefix `ms:{NN}`, and put the rest behind it:
 *
 *   ms:{NN}:r:<receipt>   hash  the record (reports.h); `fails` counts wrong last-fours over its life, `lfails` those on its page
 *   ms:{NN}:x:<receipt>   list  audit chain, each link `<64 hex> <seq> <json>`
 *   ms:{NN}:c:<receipt>   list  its events that are not delivered, in version order; only the first may leave HELD
 *   ms:{NN}:t:<token>     hash  what a form's token was used for, 31 days: <person> and <person>:<content> → <receipt><link>
 *   ms:{NN}:p:<id hash>   zset  <phone hash>:<receipt>, all at 0: the reports of a person. Drills: ms:{NN}:dp:<id hash>, 7 days
 *   ms:{NN}:lp:<id hash>  zset  the same of leads
 *   ms:{NN}:look          zset  n<name hash>:<receipt> and t<phone hash>:<receipt>, all at 0 (no drills)
 *   ms:{NN}:changes       zset  receipt by the number of its last change (no drills)
 *   ms:{NN}:a:<area>      zset  the same of a village, grid or town; ms:{NN}:o:<org> of what an organisation put in. A record's `idx` names them
 *   ms:{NN}:dchanges      zset  the same of drills
 *   ms:{NN}:noted         zset  receipt by the number of the last link that its chain got without a change of the report, and of drills
 *   ms:{NN}:clock         zset  receipt by the ms when the clock changes it: its signal, the end of its claim
 *   ms:{NN}:sj            list  the journal of statistics: what each accept and change adds (domain/stats.h)
 *   ms:{NN}:pu:<county>   hash  since: the day from which its departments owe pushes; ms:{NN}:pu:<county>:<push> what came of one (deliveries.lua)
 *   ms:{NN}:drills        zset  receipt by the ms when it is gone
 *   ms:{NN}:w:<webhook>   text  a webhook-id that was applied, 30 days: the receipt; `early`: it could not be yet and is on record
 *   ms:{NN}:e:<event>     hash  r receipt, area, st state, at ms made, seq, n attempts, fence, sealed (gone once delivered), why, hold, up, first,
 *                               tried: what tried_ms of ms:{NN}:n was at its first LATER since it was put or kicked
 *   ms:{NN}:l:<event>     list  the last 20 attempts, each `<wall ms> <http status> <outcome> <words>`
 *   ms:{NN}:events        zset  event by its number: the ledger's roll
 *   ms:{NN}:ready         zset  event by the ms since when it is due
 *   ms:{NN}:delayed       zset  event by the ms when it is due
 *   ms:{NN}:sending       zset  event by the ms when its lease ends
 *   ms:{NN}:held          zset  event by the ms when it was put
 *   ms:{NN}:buried        zset  event by the ms when it was buried
 *   ms:{NN}:n             hash  seq, accepted, unsent, drills, leads, made, delivered, dropped, delivered_ms, mark, sgen, slast, sat,
 *                               promoted (leads), purged, drills_gone, places: `<shape> <seq>`, the areas that reports were compared with, how far;
 *                               tried_ms: for how long this bucket has been tried, with tried_at, tried_until (queue.lua)
 *   ms:{NN}:ledger        hash  <area>:accepted, <area>:unsent, <area>:made
 *   ms:{NN}:g:<cell>:<h>  text  wrong guesses at a receipt in hour h;  ms:{NN}:gi:<cell>:<d> at an ID on day d
 *   ms:{NN}:anchors       list  audit anchors, newest first, `<ms> <seq> <hash>`: a hash over the heads that changed since the one before
 *   ms:{NN}:s<g>:<area>:<period>   hash  <measure> → sum; period YYYYMMDD, YYYYMM, YYYY or now; g: generation, n's field sgen (absent: 1)
 *   ms:{NN}:sd<g>:<area>:<period>  hash  <dim>|<measure> → sum
 *   ms:{NN}:sa<g>         hash  area → its first and last day, YYYYMMDD YYYYMMDD: the areas with sums
 *   ms:{NN}:sb            text  who recounts now, expires; ms:{NN}:ss zset receipts that it has passed and that moved since
 *   ms:{NN}:access        zset  by the ms: who searched for a person, `<ms> <words>`; kept [retention] audit_days
 *   ms:{NN}:wake          channel  something is READY; the message is NN
 *   ms:{NN}:changes       channel  `NN seq index…`: which orders have moved beside `changes`; of a drill `NN seq dchanges`
 *   ms:probe:n            hash  mark: raised by each look at Redis, to see that it takes writes
 *   ms:token:<hex>        hash  an API token by the SHA-256 of its text: id name areas rights org made until disabled
 *   ms:tokenid:<id>       text  <hex>;  ms:tokens  zset of the ids by the ms when they were made
 *   ms:keyrings           hash  <host>:<data folder> of each gateway → `<wall ms> <seal key> <lookup key>`, said twice a minute
 *   ms:epoch, ms:schema, ms:text:<kind>:<id>@<version>   of the whole store
 */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

/* The shape of everything above. A newer gateway opens older data, an older one refuses newer data. */
enum { KEYS_SCHEMA = 2, KEYS_LIBRARY = 7 };

#define KEYS_EPOCH          "ms:epoch"
#define KEYS_KEYRINGS       "ms:keyrings"
#define KEYS_PROBE          "ms:probe"
#define KEYS_SCHEMA_NUMBER  "ms:schema"
#define KEYS_BUCKET_FORMAT  "ms:{%02u}"
#define KEYS_RECORD_FORMAT  "ms:{%02u}:r:%s"
#define KEYS_TEXT_FORMAT    "ms:text:%s:%s"
#define KEYS_WAKE_FORMAT    "ms:{%02u}:wake"
#define KEYS_CHANGES_FORMAT "ms:{%02u}:changes"

/* Functions of the library `mashang` (store.lua). */
#define KEYS_VERSION      "version_1"
#define KEYS_ACCEPT       "accept_2"
#define KEYS_CHANGE       "change_2"
#define KEYS_NOTE         "note_1"
#define KEYS_READ         "read_1"
#define KEYS_DUE          "due_1"
#define KEYS_FIND         "find_1"
#define KEYS_GUESS        "guess_1"
#define KEYS_GUESS_ASK    "guess_ask_1"
#define KEYS_GUESS_WRONG  "guess_wrong_1"
#define KEYS_RESERVE      "reserve_2"
#define KEYS_SETTLE       "settle_1"
#define KEYS_RELEASE_HELD "release_held_1"
#define KEYS_KICK         "kick_1"
#define KEYS_KICK_ALL     "kick_all_1"
#define KEYS_BURY         "bury_1"
#define KEYS_COUNTS       "counts_1"
#define KEYS_DEAD         "dead_1"
#define KEYS_SHOW         "show_1"
#define KEYS_AUDIT        "audit_1"
#define KEYS_SWEEP        "sweep_1"
#define KEYS_ANCHOR       "anchor_1"
#define KEYS_MARK         "mark_1"
#define KEYS_FEED         "feed_1"
#define KEYS_HEADS        "heads_1"
#define KEYS_LOOK         "look_1"
#define KEYS_HISTORY      "history_1"
#define KEYS_ACCESS       "access_1"
#define KEYS_STATS_ADD    "stats_add_1"
#define KEYS_STATS_FOLD   "stats_fold_1"
#define KEYS_STATS_READ   "stats_read_2"
#define KEYS_STATS_DROP   "stats_drop_1"
/* recounting */
#define KEYS_RECOUNT_BEGIN   "stats_recount_begin_1"
#define KEYS_RECOUNT         "stats_recount_2"
#define KEYS_RECOUNT_COMPARE "stats_recount_compare_1"
#define KEYS_RECOUNT_END     "stats_recount_end_1"

/* Retention and key rotation (retention.lua, rewrap.lua). */
#define KEYS_AGED          "aged_1"
#define KEYS_PURGE         "purge_2"
#define KEYS_WALK          "walk_1"
#define KEYS_REHASH        "rehash_1"
#define KEYS_SEALED_EVENTS "sealed_events_1"
#define KEYS_REWRAP_EVENT  "rewrap_event_1"

/* A new areas file (places.lua). */
#define KEYS_PLACES "places_1"

/* Departments' pushes (deliveries.lua). */
#define KEYS_DELIVERY_NOTE "delivery_note_1"
#define KEYS_DELIVERIES    "deliveries_1"

/* API tokens: no bucket, whole keys (tokens.lua). */
#define KEYS_TOKEN         "ms:token:"
#define KEYS_TOKEN_ID      "ms:tokenid:"
#define KEYS_TOKENS        "ms:tokens"
#define KEYS_TOKEN_ADD     "token_add_1"
#define KEYS_TOKEN_LIST    "token_list_1"
#define KEYS_TOKEN_DISABLE "token_disable_1"
#define KEYS_TOKEN_ROTATE  "token_rotate_1"

#endif
