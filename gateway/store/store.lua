#!lua name=mashang
-- Everything that writes to the store. One call is one transaction: all checks stand before the first write, since an error half-way is not
-- rolled back. Keys: store/keys.h. KEYS[1] is the bucket's prefix `ms:{NN}`. Numbers come and go as decimal text; times are Redis TIME in ms.

local LIBRARY = 1
local HOUR_S, DAY_S = 3600, 86400
local TOKEN_S, DRILL_S, HOOK_S = 31 * DAY_S, 7 * DAY_S, 30 * DAY_S
local BATCH, SCAN, ATTEMPTS, AUDIT_INDEX = 64, 256, 20, 2000
local RETRY_AFTER_MAX_MS = 3600000
local PLACES = {'held', 'ready', 'delayed', 'sending', 'buried'}

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
-- duplicate | taken | stale. A token whose report is decided starts a new one; its exact repeat still finds the old one.
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
    if noted and is_open(redis.call('HGET', P .. ':r:' .. noted:sub(1, 12), 'state')) then
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

-- Queue --------------------------------------------------------------------------------------------------------------------------

local function move(P, id, from, to, score, why)
    redis.call('ZREM', P .. ':' .. from, id)
    redis.call('ZADD', P .. ':' .. to, score, id)
    redis.call('HSET', P .. ':e:' .. id, 'st', to, 'why', why or '')
end

-- Leases that ran out and delays that are over go back to READY. A clock that jumped must not hold anything for ever: a due time beyond
-- backoff_max counts as backoff_max from now, one set by Retry-After as an hour.
local function return_due(P, now, backoff_max_ms)
    local moved = 0
    for _, from in ipairs({'sending', 'delayed'}) do
        for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. ':' .. from, '-inf', now, 'LIMIT', 0, SCAN)) do
            move(P, id, from, 'ready', now)
            moved = moved + 1
        end
    end
    if backoff_max_ms then
        for _, id in ipairs(redis.call('ZREVRANGEBYSCORE', P .. ':delayed', '+inf', '(' .. text_of(now + backoff_max_ms), 'LIMIT', 0, SCAN)) do
            local most = redis.call('HGET', P .. ':e:' .. id, 'said') == '1' and math.max(RETRY_AFTER_MAX_MS, backoff_max_ms) or backoff_max_ms
            redis.call('ZADD', P .. ':delayed', 'LT', now + most, id)
        end
    end
    return moved
end

local function next_due_ms(P, now)
    local next = -1
    for _, place in ipairs({'sending', 'delayed'}) do
        local first = redis.call('ZRANGE', P .. ':' .. place, 0, 0, 'WITHSCORES')
        if first[2] then
            local left = math.max(0, tonumber(first[2]) - now)
            if next < 0 or left < next then
                next = left
            end
        end
    end
    return next
end

-- 1 most 2 window 3 lease_ms 4 backoff_max_ms → next due ms, then per job: id receipt fence attempts made_ms sealed
local function reserve(keys, args)
    local P = keys[1]
    local most, window, lease_ms, backoff_max_ms = tonumber(args[1]), tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
    if not (most and window and lease_ms and backoff_max_ms) or lease_ms <= 0 then
        return bad('reserve: arguments')
    end
    local now = now_ms()
    return_due(P, now, backoff_max_ms)
    local room = math.min(most, BATCH, window - redis.call('ZCARD', P .. ':sending'))
    local answer = {0}
    if room > 0 then
        for _, id in ipairs(redis.call('ZRANGE', P .. ':ready', 0, room - 1)) do
            local ekey = P .. ':e:' .. id
            local e = redis.call('HMGET', ekey, 'r', 'fence', 'n', 'at', 'kicked', 'sealed')
            local fence = tonumber(e[2]) + 1
            redis.call('HSET', ekey, 'fence', fence)
            move(P, id, 'ready', 'sending', now + lease_ms)
            for _, value in ipairs({id, e[1], text_of(fence), e[3], e[5] or e[4], e[6] or ''}) do
                answer[#answer + 1] = value
            end
        end
    end
    answer[1] = next_due_ms(P, now)
    return answer
end

-- The event that has become the first of its report goes as far as it may.
local function promote(P, receipt, now)
    local id = redis.call('LINDEX', P .. ':c:' .. receipt, 0)
    if not id then
        return false
    end
    local e = redis.call('HMGET', P .. ':e:' .. id, 'st', 'hold')
    if e[1] ~= 'held' then
        return false
    elseif e[2] and e[2] ~= '' then
        redis.call('HSET', P .. ':e:' .. id, 'why', e[2])
        return false
    end
    move(P, id, 'held', 'ready', now)
    return true
end

local function delivered(P, now, id, e, upstream)
    local ekey = P .. ':e:' .. id
    redis.call('ZREM', P .. ':' .. e.state, id)
    redis.call('HSET', ekey, 'st', 'delivered', 'why', '', 'done', now, 'up', upstream)
    redis.call('HDEL', ekey, 'sealed')
    redis.call('HINCRBY', P .. ':n', 'delivered', 1)
    redis.call('HSET', P .. ':n', 'delivered_ms', now)
    if upstream ~= '' and redis.call('EXISTS', P .. ':r:' .. e.receipt) == 1 then
        redis.call('HSET', P .. ':r:' .. e.receipt, 'upstream', upstream)
    end
    redis.call('LREM', P .. ':c:' .. e.receipt, 1, id)
    return promote(P, e.receipt, now)
end

local function note_attempt(P, id, at, status, outcome, words)
    local lkey = P .. ':l:' .. id
    redis.call('RPUSH', lkey, at .. ' ' .. status .. ' ' .. outcome .. ' ' .. words)
    redis.call('LTRIM', lkey, -ATTEMPTS, -1)
end

-- One result: id fence outcome delay_ms said status words upstream at. True when something became READY.
local function settle_one(P, now, id, fence, outcome, delay, said, status, words, upstream, at)
    local ekey = P .. ':e:' .. id
    local got = redis.call('HMGET', ekey, 'st', 'fence', 'r')
    local e = {state = got[1], fence = tonumber(got[2] or 0), receipt = got[3]}
    if not e.state or fence < 1 or fence > e.fence then
        return false
    end
    local current = e.state == 'sending' and fence == e.fence
    if outcome ~= 'release' then
        note_attempt(P, id, at, status, outcome, words)
        redis.call('HINCRBY', ekey, 'n', 1)
    end
    if outcome == 'delivered' then
        return e.state ~= 'delivered' and e.state ~= 'dropped' and delivered(P, now, id, e, upstream)
    elseif not current then
        return false
    elseif outcome == 'later' then
        if said == '1' then
            delay = math.min(delay, RETRY_AFTER_MAX_MS)
        end
        redis.call('HSET', ekey, 'said', said)
        move(P, id, 'sending', 'delayed', now + delay)
        return false
    elseif outcome == 'bury' then
        move(P, id, 'sending', 'buried', now, words)
        return false
    end
    move(P, id, 'sending', 'ready', now)
    return true
end

local function settle(keys, args)
    local P, FIELDS = keys[1], 9
    if #args % FIELDS ~= 0 then
        return bad('settle: arguments')
    end
    local outcomes = {delivered = true, later = true, bury = true, release = true}
    for i = 1, #args, FIELDS do
        if not tonumber(args[i + 1]) or not outcomes[args[i + 2]] or not tonumber(args[i + 3]) then
            return bad('settle: a result')
        end
    end
    local now, ready = now_ms(), false
    for i = 1, #args, FIELDS do
        ready = settle_one(P, now, args[i], tonumber(args[i + 1]), args[i + 2], math.max(0, tonumber(args[i + 3])), unpack(args, i + 4, i + 8)) or ready
    end
    if ready then
        wake(P)
    end
    return {'settled'}
end

-- What waits for this reason waits no more. 1 reason 2 offset into held → released, next offset or -1
local function release_held(keys, args)
    local P, reason, offset = keys[1], args[1], tonumber(args[2])
    if not reason or reason == '' or reason == 'order' or not offset then
        return bad('release_held: arguments')
    end
    local now, released, kept = now_ms(), 0, 0
    local ids = redis.call('ZRANGE', P .. ':held', offset, offset + SCAN - 1)
    for _, id in ipairs(ids) do
        local e = redis.call('HMGET', P .. ':e:' .. id, 'hold', 'why')
        local first = e[1] == reason and e[2] == reason
        if e[1] == reason then
            redis.call('HSET', P .. ':e:' .. id, 'hold', '')
        end
        if first then
            move(P, id, 'held', 'ready', now)
            released = released + 1
        else
            kept = kept + 1
        end
    end
    if released > 0 then
        wake(P)
    end
    return {released, #ids == SCAN and offset + kept or -1}
end

-- By hand: tried again from the start, also the clock of giving up.
local function kick_one(P, now, id, from)
    local ekey = P .. ':e:' .. id
    redis.call('HSET', ekey, 'n', 0, 'kicked', now, 'hold', '', 'said', '')
    move(P, id, from, 'ready', now)
end

-- 1 event → kicked | gone | state that cannot be kicked
local function kick(keys, args)
    local P, id = keys[1], args[1]
    local e = redis.call('HMGET', P .. ':e:' .. id, 'st', 'why')
    if not e[1] then
        return {'gone'}
    elseif e[1] ~= 'buried' and e[1] ~= 'delayed' and not (e[1] == 'held' and e[2] ~= 'order') then
        return {e[1]}
    end
    kick_one(P, now_ms(), id, e[1])
    wake(P)
    return {'kicked'}
end

-- 1 words that its reason contains, or '' 2 buried since ms 3 offset → kicked, next offset or -1
local function kick_all(keys, args)
    local P, words, since, offset = keys[1], args[1], tonumber(args[2]), tonumber(args[3])
    if not since or not offset then
        return bad('kick_all: arguments')
    end
    local now, kicked, kept = now_ms(), 0, 0
    local ids = redis.call('ZRANGEBYSCORE', P .. ':buried', since, '+inf', 'LIMIT', offset, SCAN)
    for _, id in ipairs(ids) do
        local why = redis.call('HGET', P .. ':e:' .. id, 'why') or ''
        if words == '' or why:find(words, 1, true) then
            kick_one(P, now, id, 'buried')
            kicked = kicked + 1
        else
            kept = kept + 1
        end
    end
    if kicked > 0 then
        wake(P)
    end
    return {kicked, #ids == SCAN and offset + kept or -1}
end

-- 1 event 2 words → buried | gone | state that cannot be buried
local function bury(keys, args)
    local P, id = keys[1], args[1]
    local e = redis.call('HMGET', P .. ':e:' .. id, 'st', 'why')
    if not e[1] then
        return {'gone'}
    elseif e[1] == 'delivered' or e[1] == 'dropped' or e[1] == 'buried' or e[2] == 'order' then
        return {e[1]}
    end
    move(P, id, e[1], 'buried', now_ms(), args[2] or '')
    return {'buried'}
end

-- Looking at it ------------------------------------------------------------------------------------------------------------------

-- → accepted drills made held ready delayed sending delivered buried dropped, age of the oldest ready, ms since the last delivery or -1
local function counts(keys)
    local P, now = keys[1], now_ms()
    local n = redis.call('HMGET', P .. ':n', 'accepted', 'drills', 'made', 'delivered', 'dropped', 'delivered_ms')
    local z = {}
    for _, place in ipairs(PLACES) do
        z[place] = redis.call('ZCARD', P .. ':' .. place)
    end
    local oldest = redis.call('ZRANGE', P .. ':ready', 0, 0, 'WITHSCORES')[2]
    local function number(text)
        return tonumber(text or 0)
    end
    return {number(n[1]), number(n[2]), number(n[3]), z.held, z.ready, z.delayed, z.sending, number(n[4]), z.buried, number(n[5]),
        oldest and math.max(1, now - tonumber(oldest)) or 0, n[6] and math.max(0, now - tonumber(n[6])) or -1}
end

-- 1 offset 2 count, of the buried → per event: id receipt area state at since attempts why upstream
local function dead(keys, args)
    local P, answer = keys[1], {}
    local ids = redis.call('ZRANGE', P .. ':buried', tonumber(args[1]), tonumber(args[1]) + tonumber(args[2]) - 1, 'WITHSCORES')
    for i = 1, #ids, 2 do
        local e = redis.call('HMGET', P .. ':e:' .. ids[i], 'r', 'area', 'st', 'at', 'n', 'why', 'up')
        for _, value in ipairs({ids[i], e[1], e[2], e[3], e[4], ids[i + 1], e[5], e[6] or '', e[7] or ''}) do
            answer[#answer + 1] = value
        end
    end
    return answer
end

-- 1 event → the same fields, then its attempts; nothing when there is none
local function show(keys, args)
    local P, id = keys[1], args[1]
    local e = redis.call('HMGET', P .. ':e:' .. id, 'r', 'area', 'st', 'at', 'n', 'why', 'up', 'done')
    if not e[1] then
        return {}
    end
    local since = redis.call('ZSCORE', P .. ':' .. e[3], id) or e[8] or e[4]
    local answer = {id, e[1], e[2], e[3], e[4], since, e[5], e[6] or '', e[7] or ''}
    for _, attempt in ipairs(redis.call('LRANGE', P .. ':l:' .. id, 0, -1)) do
        answer[#answer + 1] = attempt
    end
    return answer
end

-- The other way round: what stands in an index says that it is there. The first ones of each place.
local function misplaced(P)
    local lost = {}
    for _, place in ipairs(PLACES) do
        for _, id in ipairs(redis.call('ZRANGE', P .. ':' .. place, 0, AUDIT_INDEX - 1)) do
            if redis.call('HGET', P .. ':e:' .. id, 'st') ~= place then
                lost[#lost + 1] = id
            end
        end
    end
    return lost
end

-- Recounts from the records, a slice at a time: an event's number never changes, so events up to `last` are counted once each whatever happens
-- meanwhile, and the ledger is read together with `last`. 1 after 2 last or '' 3 most → last, next or -1, ledger (only without last),
-- area state first count …, events that are not where they say
local function audit(keys, args)
    local P, after, most = keys[1], args[1], tonumber(args[3])
    local last, ledger, lost = args[2], {}, {}
    if last == '' then
        last = redis.call('HGET', P .. ':n', 'seq') or '0'
        ledger = redis.call('HGETALL', P .. ':ledger')
        lost = misplaced(P)
    end
    local ids = redis.call('ZRANGEBYSCORE', P .. ':events', '(' .. after, last, 'LIMIT', 0, most)
    local sums, order, next = {}, {}, '-1'
    for _, id in ipairs(ids) do
        local e = redis.call('HMGET', P .. ':e:' .. id, 'area', 'st', 'first', 'seq')
        local key = (e[1] or '') .. '\t' .. (e[2] or 'missing') .. '\t' .. (e[3] or '')
        if not sums[key] then
            sums[key] = 0
            order[#order + 1] = key
        end
        sums[key] = sums[key] + 1
        if e[2] ~= 'delivered' and e[2] ~= 'dropped' and not (e[2] and redis.call('ZSCORE', P .. ':' .. e[2], id)) then
            lost[#lost + 1] = id
        end
        next = e[4] or next
    end
    local flat = {}
    for _, key in ipairs(order) do
        local area, state, first = key:match('^(.-)\t(.-)\t(.*)$')
        for _, value in ipairs({area, state, first, sums[key]}) do
            flat[#flat + 1] = value
        end
    end
    return {last, #ids == most and next or '-1', ledger, flat, lost}
end

-- Drills that are gone leave the order of changes; what is due goes on. → moved, drills gone
local function sweep(keys)
    local P, now = keys[1], now_ms()
    local moved = return_due(P, now)
    if moved > 0 then
        wake(P)
    end
    local gone = redis.call('ZRANGEBYSCORE', P .. ':drills', '-inf', now, 'LIMIT', 0, SCAN)
    for _, receipt in ipairs(gone) do
        redis.call('ZREM', P .. ':drills', receipt)
        redis.call('ZREM', P .. ':changes', receipt)
    end
    return {moved, #gone}
end

-- A hash over what the last anchor said and each head that changed since, so that a chain cut short afterwards shows. → seq, hash
local function anchor(keys)
    local P = keys[1]
    local before = redis.call('LINDEX', P .. ':anchors', 0)
    local seq, hash = 0, ''
    if before then
        local _, s, h = before:match('^(%d+) (%d+) (%x+)$')
        seq, hash = tonumber(s), h
    end
    local changed = redis.call('ZRANGEBYSCORE', P .. ':changes', '(' .. text_of(seq), '+inf', 'WITHSCORES', 'LIMIT', 0, 2000)
    if #changed == 0 then
        return {seq, hash}
    end
    local parts = {hash}
    for i = 1, #changed, 2 do
        parts[#parts + 1] = changed[i] .. (redis.call('HGET', P .. ':r:' .. changed[i], 'head') or '')
        seq = tonumber(changed[i + 1])
    end
    hash = redis.sha1hex(table.concat(parts))
    redis.call('LPUSH', P .. ':anchors', text_of(now_ms()) .. ' ' .. text_of(seq) .. ' ' .. hash)
    redis.call('LTRIM', P .. ':anchors', 0, 100000)
    return {seq, hash}
end

-- A write of no meaning, so that WAIT on this connection covers all that was written before it (a repeat must be as safe as the first time).
local function mark(keys)
    redis.call('HINCRBY', keys[1] .. ':n', 'mark', 1)
    return {'marked'}
end

-- Here KEYS are ms:schema and ms:epoch. → number of this library, schema or '', epoch or ''
local function version(keys)
    return {LIBRARY, redis.call('GET', keys[1]) or '', redis.call('GET', keys[2]) or ''}
end

local function register(name, callback, ...)
    redis.register_function {function_name = name, callback = callback, flags = {...}}
end

register('version_1', version, 'no-writes')
register('accept_1', accept)
register('change_1', change, 'allow-oom')
register('find_1', find, 'no-writes')
register('guess_1', guess, 'allow-oom')
register('guess_ask_1', guess_ask, 'no-writes')
register('guess_wrong_1', guess_wrong, 'allow-oom')
register('reserve_1', reserve)
register('settle_1', settle, 'allow-oom')
register('release_held_1', release_held, 'allow-oom')
register('kick_1', kick, 'allow-oom')
register('kick_all_1', kick_all, 'allow-oom')
register('bury_1', bury, 'allow-oom')
register('counts_1', counts, 'no-writes')
register('dead_1', dead, 'no-writes')
register('show_1', show, 'no-writes')
register('audit_1', audit, 'no-writes')
register('sweep_1', sweep, 'allow-oom')
register('anchor_1', anchor, 'allow-oom')
register('mark_1', mark)
