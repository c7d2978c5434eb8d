#!lua name=mashang
-- One library in several files, put together by the Makefile in the order of its list: store.lua (reports, guesses) first, then queue.lua, look.lua, …
-- Each file registers its own functions at its end.
--
-- Everything that writes to the store. One call is one transaction: all checks stand before the first write, since an error half-way is not
-- rolled back. Keys: store/keys.h. KEYS[1] is the bucket's prefix `ms:{NN}`. Numbers come and go as decimal text; times are Redis TIME in ms.

local LIBRARY = 1
local HOUR_S, DAY_S = 3600, 86400
local TOKEN_S, DRILL_S, HOOK_S = 31 * DAY_S, 7 * DAY_S, 30 * DAY_S
local BATCH, SCAN, ATTEMPTS, AUDIT_INDEX = 64, 256, 20, 2000
local RETRY_AFTER_MAX_MS, LEASE_MAX_MS = 3600000, 3600000
local PLACES = {'held', 'ready', 'delayed', 'sending', 'buried'}

local function register(name, callback, ...)
    redis.register_function {function_name = name, callback = callback, flags = {...}}
end

local function now_ms()
    local t = redis.call('TIME')
    return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function text_of(number)
    return string.format('%.0f', number)
end

local function bad(what)
    return redis.error_reply('ERR mashang: ' .. what)
end

local function is_open(state)
    return state == 'new' or state == 'open'
end

local function bucket_of(P)
    return P:sub(5, 6)
end

local function fits(P, receipt)
    return #receipt == 12 and P == 'ms:{' .. receipt:sub(1, 2) .. '}'
end

local function wake(P)
    redis.call('PUBLISH', P .. ':wake', bucket_of(P))
end

-- Reports ------------------------------------------------------------------------------------------------------------------------

-- The members <phone>:<receipt> of a person: all when they are few, else those of these phones first.
local function person_members(key, phones)
    local members = redis.call('ZRANGE', key, 0, SCAN - 1)
    if #members < SCAN then
        return members
    end
    local near = {}
    for _, phone in ipairs(phones) do
        for _, m in ipairs(redis.call('ZRANGEBYLEX', key, '[' .. phone .. ':', '(' .. phone .. ';')) do
            near[#near + 1] = m
        end
    end
    for _, m in ipairs(members) do
        near[#near + 1] = m
    end
    return near
end

local function list_of(a, b)
    local list = {}
    if a ~= '' then
        list[1] = a
    end
    if b ~= '' then
        list[#list + 1] = b
    end
    return list
end

-- The newest open report of this person with one of these phones, and whether one with another phone is open.
local function household(P, prefix, ids, phones)
    local best, best_born, other = nil, -1, false
    for _, id in ipairs(ids) do
        for _, member in ipairs(person_members(P .. prefix .. id, phones)) do
            local colon = member:find(':', 1, true)
            local phone, receipt = member:sub(1, colon - 1), member:sub(colon + 1)
            local r = redis.call('HMGET', P .. ':r:' .. receipt, 'state', 'born', 'content')
            if is_open(r[1]) then
                local born = tonumber(r[2]) or 0
                if phone ~= phones[1] and phone ~= phones[2] then
                    other = true
                elseif born > best_born then
                    best, best_born = {receipt = receipt, content = r[3]}, born
                end
            end
        end
    end
    return best, other
end

local function note_token(P, token, person, content, receipt, link)
    local key = P .. ':t:' .. token
    redis.call('HSET', key, person, receipt .. link, person .. ':' .. content, receipt .. link)
    redis.call('EXPIRE', key, TOKEN_S)
end

-- The first event of a report that is not delivered yet may go; the others wait behind it.
local function put_event(P, now, seq, receipt, id, area, sealed, hold, first)
    local state, why = 'ready', ''
    if redis.call('RPUSH', P .. ':c:' .. receipt, id) > 1 then
        state, why = 'held', 'order'
    elseif hold ~= '' then
        state, why = 'held', hold
    end
    redis.call('HSET', P .. ':e:' .. id, 'r', receipt, 'area', area, 'st', state, 'at', now, 'seq', seq, 'n', 0, 'fence', 0, 'why', why,
        'hold', hold, 'first', first, 'sealed', sealed)
    redis.call('ZADD', P .. ':' .. state, now, id)
    redis.call('ZADD', P .. ':events', seq, id)
    redis.call('HINCRBY', P .. ':n', 'made', 1)
    redis.call('HINCRBY', P .. ':ledger', area .. ':made', 1)
    if state == 'ready' then
        wake(P)
    end
end

local function publish_change(P, seq)
    redis.call('PUBLISH', P .. ':changes', bucket_of(P) .. ' ' .. text_of(seq))
end

local function accept_drill(P, now, seq, receipt, id, phone, token)
    if id ~= '' then
        redis.call('ZADD', P .. ':dp:' .. id, 0, phone .. ':' .. receipt)
        redis.call('EXPIRE', P .. ':dp:' .. id, DRILL_S)
    end
    for _, key in ipairs({':r:' .. receipt, ':x:' .. receipt, ':t:' .. token}) do
        redis.call('EXPIRE', P .. key, DRILL_S)
    end
    redis.call('ZADD', P .. ':drills', now + DRILL_S * 1000, receipt)
    redis.call('HINCRBY', P .. ':n', 'drills', 1)
end

local function accept_real(P, now, seq, args)
    local receipt, id, phone, area = args[1], args[8], args[10], args[14]
    if id ~= '' then
        redis.call('ZADD', P .. ':p:' .. id, 0, phone .. ':' .. receipt)
    end
    redis.call('ZADD', P .. ':a:' .. area, seq, receipt)
    redis.call('HINCRBY', P .. ':n', 'accepted', 1)
    redis.call('HINCRBY', P .. ':ledger', area .. ':accepted', 1)
    if args[17] ~= '' then
        put_event(P, now, seq, receipt, args[17], args[18], args[19], args[20], '1')
    else
        redis.call('HINCRBY', P .. ':n', 'unsent', 1)
        redis.call('HINCRBY', P .. ':ledger', area .. ':unsent', 1)
    end
end

-- 1 receipt 2 token 3 stale 4 duplicate known 5 drill 6,7 persons 8,9 ids 10,11 phones 12,13 contents 14 area 15 audit text 16 audit hash
-- 17 event id 18 event area 19 sealed 20 hold 21… record. → accepted | repeat receipt link | same receipt s | add receipt link by_token |
-- duplicate | taken | stale. A token whose report is decided starts a new one; its exact repeat still finds the old one. Only the token that
-- filed a report may correct it: one that reached it by ID and phone (link s) is judged like a fresh one, or a stranger could change the phone.
local function accept(keys, args)
    local P, receipt, token, drill = keys[1], args[1], args[2], args[5] == '1'
    if #args < 20 or #args % 2 ~= 0 or not fits(P, receipt) or token == '' or args[6] == '' or args[10] == '' or args[12] == '' or
        #args[16] ~= 64 or (args[17] ~= '' and (drill or args[19] == '')) then
        return bad('accept: arguments')
    end
    local person, content = args[6], args[12]
    local known = redis.call('HMGET', P .. ':t:' .. token, person .. ':' .. content, args[7] .. ':' .. args[13], person, args[7])
    local exact, noted = known[1] or known[2], known[3] or known[4]
    if exact then
        return {'repeat', exact:sub(1, 12), exact:sub(13)}
    end
    if noted and noted:sub(13) == 'f' and is_open(redis.call('HGET', P .. ':r:' .. noted:sub(1, 12), 'state')) then
        return {'add', noted:sub(1, 12), noted:sub(13), '1'}
    end
    if args[3] == '1' then
        return {'stale'}
    end
    local best, other = household(P, drill and ':dp:' or ':p:', list_of(args[8], args[9]), list_of(args[10], args[11]))
    if best and (best.content == content or best.content == args[13]) then
        note_token(P, token, person, content, best.receipt, 's')
        return {'same', best.receipt, 's'}
    elseif best then
        return {'add', best.receipt, 's', '0'}
    elseif other and args[4] ~= '1' then
        return {'duplicate'}
    end
    local rkey = P .. ':r:' .. receipt
    if redis.call('EXISTS', rkey) == 1 then
        return {'taken'}
    end

    local now = now_ms()
    local seq = redis.call('HINCRBY', P .. ':n', 'seq', 1)
    redis.call('HSET', rkey, 'v', 1, 'seq', seq, 'born', seq, 'head', args[16], unpack(args, 21))
    redis.call('RPUSH', P .. ':x:' .. receipt, args[16] .. ' ' .. text_of(seq) .. ' ' .. args[15])
    redis.call('ZADD', P .. ':changes', seq, receipt)
    note_token(P, token, person, content, receipt, 'f')
    if drill then
        accept_drill(P, now, seq, receipt, args[8], args[10], token)
    else
        accept_real(P, now, seq, args)
    end
    publish_change(P, seq)
    return {'accepted', receipt, 'f'}
end

-- What the indexes know of a record follows its fields.
local function reindex(P, receipt, seq, old, new, drill)
    local prefix = drill and ':dp:' or ':p:'
    local id, phone, area = new.id or old.id, new.ph or old.ph, new.area or old.area
    if id ~= old.id or phone ~= old.ph then
        if old.id then
            redis.call('ZREM', P .. prefix .. old.id, old.ph .. ':' .. receipt)
        end
        if id and id ~= '' then
            redis.call('ZADD', P .. prefix .. id, 0, phone .. ':' .. receipt)
        end
    end
    if drill then
        if id and id ~= '' then
            redis.call('EXPIRE', P .. prefix .. id, DRILL_S)
        end
        return
    end
    if area ~= old.area then
        redis.call('ZREM', P .. ':a:' .. old.area, receipt)
    end
    redis.call('ZADD', P .. ':a:' .. area, seq, receipt)
end

-- 1 receipt 2 version 3 head 4 token 5 person 6 content 7 link 8 webhook-id 9 audit text 10 audit hash 11 event id 12 event area 13 sealed
-- 14 hold 15… fields to set. → changed | moved | gone | known
local function change(keys, args)
    local P, receipt = keys[1], args[1]
    if #args < 14 or #args % 2 ~= 0 or not fits(P, receipt) or #args[10] ~= 64 or (args[4] ~= '' and (args[5] == '' or args[6] == '' or #args[7] ~= 1)) or
        (args[11] ~= '' and args[13] == '') then
        return bad('change: arguments')
    end
    local rkey = P .. ':r:' .. receipt
    local r = redis.call('HMGET', rkey, 'v', 'head', 'id', 'ph', 'area', 'drill')
    if not r[1] then
        return {'gone'}
    elseif args[8] ~= '' and redis.call('EXISTS', P .. ':w:' .. args[8]) == 1 then
        return {'known'}
    elseif r[1] ~= args[2] or r[2] ~= args[3] or (args[11] ~= '' and redis.call('EXISTS', P .. ':e:' .. args[11]) == 1) then
        return {'moved'}
    end
    local new = {}
    for i = 15, #args, 2 do
        new[args[i]] = args[i + 1]
    end
    local drill = r[6] == '1'

    local now = now_ms()
    local seq = redis.call('HINCRBY', P .. ':n', 'seq', 1)
    redis.call('HSET', rkey, 'v', tonumber(r[1]) + 1, 'seq', seq, 'head', args[10], unpack(args, 15))
    redis.call('RPUSH', P .. ':x:' .. receipt, args[10] .. ' ' .. text_of(seq) .. ' ' .. args[9])
    redis.call('ZADD', P .. ':changes', seq, receipt)
    reindex(P, receipt, seq, {id = r[3], ph = r[4], area = r[5]}, new, drill)
    if args[4] ~= '' then
        note_token(P, args[4], args[5], args[6], receipt, args[7])
    end
    if args[8] ~= '' then
        redis.call('SET', P .. ':w:' .. args[8], receipt, 'EX', HOOK_S)
    end
    if args[11] ~= '' and not drill then
        put_event(P, now, seq, receipt, args[11], args[12], args[13], args[14], '')
    end
    publish_change(P, seq)
    return {'changed'}
end

-- 1,2 ids 3,4 phones → receipt and `at` of the newest report of this person with that phone, open or not; nothing when there is none
local function find(keys, args)
    local P, phones = keys[1], list_of(args[3], args[4])
    local best, best_at = nil, -1
    for _, id in ipairs(list_of(args[1], args[2])) do
        for _, phone in ipairs(phones) do
            for _, m in ipairs(redis.call('ZRANGEBYLEX', P .. ':p:' .. id, '[' .. phone .. ':', '(' .. phone .. ';', 'LIMIT', 0, SCAN)) do
                local receipt = m:sub(#phone + 2)
                local at = tonumber(redis.call('HGET', P .. ':r:' .. receipt, 'at') or nil)
                if at and at > best_at then
                    best, best_at = receipt, at
                end
            end
        end
    end
    if not best then
        return {}
    end
    return {best, text_of(best_at)}
end

-- Guesses ------------------------------------------------------------------------------------------------------------------------

-- A cell is one clock hour (receipts) or one day of the place (IDs), so that a lock says the same whatever it is made of.
local function hour_cell(P, cell, now)
    local hour = math.floor(now / 1000 / HOUR_S)
    return P .. ':g:' .. cell .. ':' .. text_of(hour), (hour + 1) * HOUR_S - math.floor(now / 1000)
end

local function day_cell(P, cell, now)
    local here = math.floor(now / 1000) + 8 * HOUR_S
    local day = math.floor(here / DAY_S)
    return P .. ':gi:' .. cell .. ':' .. text_of(day), (day + 1) * DAY_S - here
end

local function count_failure(key, left_s)
    redis.call('INCR', key)
    redis.call('EXPIRE', key, left_s)
end

-- 1 receipt 2 cell 3,4 last4 hashes 5 failures an hour 6 failures in its life → right | wrong | locked seconds
local function guess(keys, args)
    local P = keys[1]
    if not fits(P, args[1]) or args[2] == '' or args[3] == '' or not tonumber(args[5]) or not tonumber(args[6]) then
        return bad('guess: arguments')
    end
    local rkey = P .. ':r:' .. args[1]
    local key, left_s = hour_cell(P, args[2], now_ms())
    local r = redis.call('HMGET', rkey, 'last4', 'fails')
    local failures = tonumber(redis.call('GET', key) or 0)
    if failures >= tonumber(args[5]) or tonumber(r[2] or 0) >= tonumber(args[6]) then
        return {'locked', left_s}
    elseif r[1] and (r[1] == args[3] or r[1] == args[4]) then
        return {'right'}
    end
    count_failure(key, left_s)
    if r[1] then
        redis.call('HINCRBY', rkey, 'fails', 1)
    end
    return {'wrong'}
end

-- 1 cell 2 failures a day → open | locked seconds
local function guess_ask(keys, args)
    local key, left_s = day_cell(keys[1], args[1], now_ms())
    if tonumber(redis.call('GET', key) or 0) >= tonumber(args[2]) then
        return {'locked', left_s}
    end
    return {'open'}
end

local function guess_wrong(keys, args)
    if #args ~= 1 or args[1] == '' then
        return bad('guess_wrong: arguments')
    end
    count_failure(day_cell(keys[1], args[1], now_ms()))
    return {'wrong'}
end

-- The store itself ---------------------------------------------------------------------------------------------------------------

-- A write of no meaning, so that WAIT on this connection covers all that was written before it (a repeat must be as safe as the first time).
local function mark(keys)
    redis.call('HINCRBY', keys[1] .. ':n', 'mark', 1)
    return {'marked'}
end

-- Here KEYS are ms:schema and ms:epoch. → number of this library, schema or '', epoch or ''
local function version(keys)
    return {LIBRARY, redis.call('GET', keys[1]) or '', redis.call('GET', keys[2]) or ''}
end

register('version_1', version, 'no-writes')
register('accept_1', accept)
register('change_1', change, 'allow-oom')
register('find_1', find, 'no-writes')
register('guess_1', guess, 'allow-oom')
register('guess_ask_1', guess_ask, 'no-writes')
register('guess_wrong_1', guess_wrong, 'allow-oom')
register('mark_1', mark)
