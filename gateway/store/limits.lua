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
    local r = redis.call('HMGET', rkey, 'last4', 'fails', 'lead')
    if r[3] == '1' then -- a finding has no page: it answers as an unknown number does
        r = {false, false}
    end
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

register('guess_1', guess, 'allow-oom')
register('guess_ask_1', guess_ask, 'no-writes')
register('guess_wrong_1', guess_wrong, 'allow-oom')
