-- Looking at it ------------------------------------------------------------------------------------------------------------------

-- How many of each kind there were, and what the roll of changes says: nobody leaves it, a lead that became a report is counted as both.
-- → leads promoted records drills drills there drills gone purged
local function kinds(P)
    local n = redis.call('HMGET', P .. ':n', 'leads', 'promoted', 'drills', 'drills_gone', 'purged')
    local function number(text)
        return tonumber(text or 0)
    end
    return {number(n[1]), number(n[2]), redis.call('ZCARD', P .. ':changes'), number(n[3]), redis.call('ZCARD', P .. ':dchanges'), number(n[4]),
        number(n[5])}
end

-- → accepted drills made held ready delayed sending delivered buried dropped, age of the oldest ready, ms since the last delivery or -1, leads,
-- promoted, records
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
        oldest and math.max(1, now - tonumber(oldest)) or 0, n[6] and math.max(0, now - tonumber(n[6])) or -1, unpack(kinds(P), 1, 3)}
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
-- area state first count …, events that are not where they say, kinds (only without last)
local function audit(keys, args)
    local P, after, most = keys[1], args[1], tonumber(args[3])
    local last, ledger, lost, of_kinds = args[2], {}, {}, {}
    if last == '' then
        last = redis.call('HGET', P .. ':n', 'seq') or '0'
        ledger = redis.call('HGETALL', P .. ':ledger')
        lost = misplaced(P)
        of_kinds = kinds(P)
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
    return {last, #ids == most and next or '-1', ledger, flat, lost, of_kinds}
end

-- Drills that are gone leave their order; what is due goes on. → moved, drills gone
local function sweep(keys)
    local P, now = keys[1], now_ms()
    local moved = return_due(P, now)
    if moved > 0 then
        wake(P)
    end
    local gone = redis.call('ZRANGEBYSCORE', P .. ':drills', '-inf', now, 'LIMIT', 0, SCAN)
    for _, receipt in ipairs(gone) do
        redis.call('ZREM', P .. ':drills', receipt)
        redis.call('HINCRBY', P .. ':n', 'drills_gone', 1)
        redis.call('ZREM', P .. ':dchanges', receipt)
        redis.call('ZREM', P .. ':noted', receipt)
    end
    return {moved, #gone}
end

local function since(P, name, seq)
    return redis.call('ZRANGEBYSCORE', P .. ':' .. name, '(' .. text_of(seq), '+inf', 'WITHSCORES', 'LIMIT', 0, ANCHOR_HEADS)
end

-- The heads that grew after seq, in the order of their numbers, and up to which number they are all there.
local function grown_heads(P, seq)
    local heads, last = {}, math.huge
    for _, name in ipairs({'changes', 'noted'}) do
        local rows = since(P, name, seq)
        for i = 1, #rows, 2 do
            heads[#heads + 1] = {receipt = rows[i], seq = tonumber(rows[i + 1])}
        end
        if #rows == 2 * ANCHOR_HEADS then
            last = math.min(last, heads[#heads].seq)
        end
    end
    table.sort(heads, function(a, b) return a.seq < b.seq end)
    return heads, last
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
    local heads, last = grown_heads(P, seq)
    if #heads == 0 then
        return {seq, hash}
    end
    local parts = {hash}
    for _, head in ipairs(heads) do
        if head.seq <= last then
            parts[#parts + 1] = head.receipt .. (redis.call('HGET', P .. ':r:' .. head.receipt, 'head') or '')
            seq = head.seq
        end
    end
    hash = redis.sha1hex(table.concat(parts))
    redis.call('LPUSH', P .. ':anchors', text_of(now_ms()) .. ' ' .. text_of(seq) .. ' ' .. hash)
    redis.call('LTRIM', P .. ':anchors', 0, 100000)
    return {seq, hash}
end

register('counts_1', counts, 'no-writes')
register('dead_1', dead, 'no-writes')
register('show_1', show, 'no-writes')
register('audit_1', audit, 'no-writes')
register('sweep_1', sweep, 'allow-oom')
register('anchor_1', anchor, 'allow-oom')
