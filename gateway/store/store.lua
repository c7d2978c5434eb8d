#!lua name=mashang
-- One library in several files, put together by the Makefile in the order of its list: store.lua (what all use) first.
-- Each file registers its own functions at its end.
--
-- Everything that writes to the store. One call is one transaction: all checks stand before the first write, since an error half-way is not
-- rolled back. Keys: store/keys.h. KEYS[1] is the bucket's prefix `ms:{NN}`. Numbers come and go as decimal text; times are Redis TIME in ms.

local LIBRARY = 7
local HOUR_S, DAY_S = 3600, 86400
local TOKEN_S, DRILL_S, HOOK_S = 31 * DAY_S, 7 * DAY_S, 30 * DAY_S
local BATCH, SCAN, ATTEMPTS, AUDIT_INDEX, ANCHOR_HEADS = 64, 256, 20, 2000, 2000
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

-- A recount of statistics (stats.lua) goes over the order of changes, up to `sat` by now. A report that it has passed and that leaves its place now is
-- met again at the end, and must not be counted there.
local function leave_recount(P, receipt, seq)
    local at = redis.call('HGET', P .. ':n', 'sat')
    if at and (tonumber(seq or nil) or 0) <= tonumber(at) and redis.call('EXISTS', P .. ':sb') == 1 then
        redis.call('ZADD', P .. ':ss', seq or 0, receipt)
    end
end

-- A key goes. The gateway's user may not DEL: whoever had its password would have one word for everything.
local function remove(key)
    redis.call('EXPIRE', key, 0)
end

local function wake(P)
    redis.call('PUBLISH', P .. ':wake', bucket_of(P))
end

-- Events: what reports.lua and queue.lua both do with them.

local function move(P, id, from, to, score, why)
    redis.call('ZREM', P .. ':' .. from, id)
    redis.call('ZADD', P .. ':' .. to, score, id)
    redis.call('HSET', P .. ':e:' .. id, 'st', to, 'why', why or '')
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

-- An event without what it says of a person. Emptied and written anew: a hash that was large once does not become small by itself.
local function forget_sealed(ekey)
    redis.call('HDEL', ekey, 'sealed')
    local rest, names = redis.call('HGETALL', ekey), {}
    for i = 1, #rest, 2 do
        names[#names + 1] = rest[i]
    end
    redis.call('HDEL', ekey, unpack(names))
    redis.call('HSET', ekey, unpack(rest))
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

register('version_1', version, 'no-writes')
register('mark_1', mark)
