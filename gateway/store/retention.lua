-- Retention ----------------------------------------------------------------------------------------------------------------------

-- What may name or find a person, and what only had a meaning while somebody worked on it.
local PERSONAL = {'sealed', 'mask', 'person', 'id', 'ph', 'nm', 'last4', 'content', 'ext', 'upstream', 'fails', 'lfails', 'claim', 'claim_name', 'claim_until',
    'withdraw_event', 'clearing', 'clearing_procedure'}
local VERSIONS_MAX = 10000

local function first_number(...)
    for i = 1, select('#', ...) do
        local n = tonumber((select(i, ...)) or nil)
        if n and n > 0 then
            return n
        end
    end
    return 0
end

-- Those that may be old enough, in the order of changes; whoever purges looks closer. 1 after 2 decided up to ms 3 undecided up to ms 4 most of the
-- order → next or -1, receipts
local function aged(keys, args)
    local P, decided_ms, undecided_ms, most = keys[1], tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
    if not (tonumber(args[1]) and decided_ms and undecided_ms and most) then
        return bad('aged: arguments')
    end
    local found, receipts = redis.call('ZRANGEBYSCORE', P .. ':changes', '(' .. args[1], '+inf', 'WITHSCORES', 'LIMIT', 0, most), {}
    for i = 1, #found, 2 do
        local r = redis.call('HMGET', P .. ':r:' .. found[i], 'purged', 'state', 'ended', 'acted', 'changed', 'at')
        local acted_ms = first_number(r[4], r[5], r[6])
        local open = is_open(r[2])
        local old = not open and first_number(r[3], acted_ms) <= decided_ms or acted_ms <= undecided_ms
        if (r[1] or '') == '' and r[2] and old then
            receipts[#receipts + 1] = found[i]
        end
    end
    return {#found == most * 2 and found[#found] or '-1', receipts}
end

-- The events that are not delivered, or nothing while one is under way: what comes of it is settled first. When all must be delivered, also nothing
-- while there is one: whoever wants to be forgotten must be forgotten by the monitoring system too, and only its events can tell it.
local function idle_events(P, receipt, delivered)
    local ids = redis.call('LRANGE', P .. ':c:' .. receipt, 0, -1)
    for _, id in ipairs(ids) do
        if delivered or redis.call('HGET', P .. ':e:' .. id, 'st') == 'sending' then
            return nil
        end
    end
    return ids
end

-- The monitoring system's words may repeat what was sent to it, and its number finds the person there.
local function forget_answers(P, receipt, version)
    for v = 1, math.min(version, VERSIONS_MAX) do
        local id = v == 1 and receipt or receipt .. '-' .. text_of(v)
        redis.call('LTRIM', P .. ':l:' .. id, 1, 0)
        redis.call('HDEL', P .. ':e:' .. id, 'up')
    end
end

-- 1 receipt 2 version 3 head 4 audit text 5 audit hash 6 stat 7 '1': all its events must be delivered 8… fields to set → purged version | moved | gone | sending
-- The skeleton, the chain and what is known of its token stay: whoever files again with that token within its 31 days is shown the same receipt.
local function purge(keys, args)
    local P, receipt = keys[1], args[1]
    if #args < 7 or #args % 2 ~= 1 or not fits(P, receipt) or #args[5] ~= 64 then
        return bad('purge: arguments')
    end
    local rkey, old = P .. ':r:' .. receipt, read_old(P, receipt)
    if not old.v or old.drill == '1' or (redis.call('HGET', rkey, 'purged') or '') ~= '' then
        return {'gone'}
    elseif old.v ~= args[2] or old.head ~= args[3] then
        return {'moved'}
    end
    local ids = idle_events(P, receipt, args[7] == '1')
    if not ids then
        return {'sending'}
    end

    local seq = redis.call('HINCRBY', P .. ':n', 'seq', 1)
    local version, kind = tonumber(old.v) + 1, kind_of(old.drill, old.lead)
    leave_recount(P, receipt, old.seq)
    leave_person(P, kind, receipt, old)
    leave_look(P, receipt, old)
    drop_events(P, receipt, ids)
    forget_answers(P, receipt, tonumber(old.v))
    redis.call('HDEL', rkey, unpack(PERSONAL))
    redis.call('HSET', rkey, 'v', version, 'seq', seq, 'head', args[5], 'purged', text_of(now_ms()), unpack(args, 8))
    redis.call('RPUSH', P .. ':x:' .. receipt, args[5] .. ' ' .. text_of(seq) .. ' ' .. args[4])
    redis.call('ZREM', P .. ':clock', receipt)
    order(P, receipt, seq, kind, old.idx or '')
    if args[6] ~= '' then
        redis.call('RPUSH', P .. ':sj', args[6])
    end
    redis.call('HINCRBY', P .. ':n', 'purged', 1)
    publish_change(P, seq, kind, old.idx or '')
    return {'purged', version}
end

register('aged_1', aged, 'no-writes')
register('purge_2', purge, 'allow-oom')
