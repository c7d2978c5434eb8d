-- Queue --------------------------------------------------------------------------------------------------------------------------

-- Leases that ran out and delays that are over go back to READY. A clock that jumped must not hold anything for ever: a due time beyond
-- backoff_max counts as backoff_max from now, one set by Retry-After as an hour; a lease that ends later than any gateway would ask for (a power
-- cut, and the clock is behind until it is set) ends as if it began now.
local function return_due(P, now, backoff_max_ms, lease_ms)
    local moved = 0
    for _, from in ipairs({'sending', 'delayed'}) do
        for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. ':' .. from, '-inf', now, 'LIMIT', 0, SCAN)) do
            move(P, id, from, 'ready', now)
            moved = moved + 1
        end
    end
    if lease_ms then
        local beyond = text_of(now + math.max(LEASE_MAX_MS, lease_ms))
        for _, id in ipairs(redis.call('ZREVRANGEBYSCORE', P .. ':sending', '+inf', '(' .. beyond, 'LIMIT', 0, SCAN)) do
            redis.call('ZADD', P .. ':sending', 'LT', now + lease_ms, id)
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

-- For how long this bucket has been tried by now: the sum of the time in which a try was under way or the next one lay ahead. It stands while nothing
-- can be sent (breaker open, no url, no gateway), so that giving up, which is counted by it, needs tries.
local function tried_ms(P, now, until_ms, most_ms)
    local n = redis.call('HMGET', P .. ':n', 'tried_ms', 'tried_at', 'tried_until')
    local at, last = tonumber(n[2] or now), tonumber(n[3] or now)
    if most_ms then
        last = math.min(last, now + most_ms)
    end
    local total = tonumber(n[1] or 0) + math.max(0, math.min(now, last) - at)
    redis.call('HSET', P .. ':n', 'tried_ms', text_of(total), 'tried_at', text_of(now), 'tried_until', text_of(math.max(last, until_ms)))
    return total
end

-- 1 most 2 window 3 lease_ms 4 backoff_max_ms → next due ms, then per job: id receipt fence attempts tried_ms sealed
local function reserve(keys, args)
    local P = keys[1]
    local most, window, lease_ms, backoff_max_ms = tonumber(args[1]), tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
    if not (most and window and lease_ms and backoff_max_ms) or lease_ms <= 0 then
        return bad('reserve: arguments')
    end
    local now = now_ms()
    return_due(P, now, backoff_max_ms, lease_ms)
    local room = math.min(most, BATCH, window - redis.call('ZCARD', P .. ':sending'))
    local answer = {0}
    local ids = room > 0 and redis.call('ZRANGE', P .. ':ready', 0, room - 1) or {}
    if #ids > 0 then
        local tried = tried_ms(P, now, now + lease_ms, math.max(lease_ms, backoff_max_ms, RETRY_AFTER_MAX_MS))
        for _, id in ipairs(ids) do
            local ekey = P .. ':e:' .. id
            local e = redis.call('HMGET', ekey, 'r', 'fence', 'n', 'tried', 'sealed')
            local fence = tonumber(e[2]) + 1
            redis.call('HSET', ekey, 'fence', fence)
            move(P, id, 'ready', 'sending', now + lease_ms)
            for _, value in ipairs({id, e[1], text_of(fence), e[3], text_of(e[4] and tried - tonumber(e[4]) or 0), e[5] or ''}) do
                answer[#answer + 1] = value
            end
        end
    end
    answer[1] = next_due_ms(P, now)
    return answer
end

local function delivered(P, now, id, e, upstream)
    local ekey = P .. ':e:' .. id
    redis.call('ZREM', P .. ':' .. e.state, id)
    redis.call('HSET', ekey, 'st', 'delivered', 'why', '', 'done', now, 'up', upstream)
    forget_sealed(ekey)
    redis.call('HINCRBY', P .. ':n', 'delivered', 1)
    redis.call('HSET', P .. ':n', 'delivered_ms', now)
    local rkey = P .. ':r:' .. e.receipt
    local r = redis.call('HMGET', rkey, 'v', 'withdraw_event')
    if r[1] and upstream ~= '' then
        redis.call('HSET', rkey, 'upstream', upstream)
    end
    if r[2] == id then -- 撤回 reads as done from now on
        redis.call('HSET', rkey, 'withdraw_event', '')
    end
    redis.call('LREM', P .. ':c:' .. e.receipt, 1, id)
    return promote(P, e.receipt, now)
end

local function note_attempt(P, id, at, status, outcome, words)
    local lkey = P .. ':l:' .. id
    redis.call('RPUSH', lkey, at .. ' ' .. status .. ' ' .. outcome .. ' ' .. words)
    redis.call('LTRIM', lkey, -ATTEMPTS, -1)
end

-- LATER counts towards giving up, from the first one on; what was put off does not.
local function delay_one(P, now, id, outcome, delay, said)
    local ekey = P .. ':e:' .. id
    if said == '1' then
        delay = math.min(delay, RETRY_AFTER_MAX_MS)
    end
    if outcome == 'put_off' then
        redis.call('HDEL', ekey, 'tried')
    else
        local tried = text_of(tried_ms(P, now, now + delay))
        redis.call('HSET', ekey, 'tried', redis.call('HGET', ekey, 'tried') or tried)
    end
    redis.call('HSET', ekey, 'said', said)
    move(P, id, 'sending', 'delayed', now + delay)
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
        note_attempt(P, id, at, status, outcome == 'put_off' and 'later' or outcome, words)
        redis.call('HINCRBY', ekey, 'n', 1)
    end
    if outcome == 'delivered' then
        return e.state ~= 'delivered' and e.state ~= 'dropped' and delivered(P, now, id, e, upstream)
    elseif not current then
        return false
    elseif outcome == 'later' or outcome == 'put_off' then
        delay_one(P, now, id, outcome, delay, said)
        return false
    elseif outcome == 'bury' then
        move(P, id, 'sending', 'buried', now, words)
        return false
    end
    redis.call('HSET', P .. ':n', 'tried_at', text_of(now), 'tried_until', text_of(now)) -- we are configured wrongly: this was no trying
    move(P, id, 'sending', 'ready', now)
    return true
end

local function settle(keys, args)
    local P, FIELDS = keys[1], 9
    if #args % FIELDS ~= 0 then
        return bad('settle: arguments')
    end
    local outcomes = {delivered = true, later = true, put_off = true, bury = true, release = true}
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
    redis.call('HSET', ekey, 'n', 0, 'hold', '', 'said', '')
    redis.call('HDEL', ekey, 'tried')
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

register('reserve_2', reserve)
register('settle_1', settle, 'allow-oom')
register('release_held_1', release_held, 'allow-oom')
register('kick_1', kick, 'allow-oom')
register('kick_all_1', kick_all, 'allow-oom')
register('bury_1', bury, 'allow-oom')
