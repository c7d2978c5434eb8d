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

-- By number. A finding has no page, and a report whose guesses are used up is closed to this door: both answer as an unknown number does.
local function guess_by_number(r, matches, key, left_s, an_hour, in_life)
    local known = r.last4 and r.lead ~= '1' and r.fails < in_life
    if tonumber(redis.call('GET', key) or 0) >= an_hour then
        return {'locked', left_s}
    elseif known and matches then
        return {'right'}
    end
    count_failure(key, left_s)
    if known then
        redis.call('HINCRBY', r.key, 'fails', 1)
    end
    return {'wrong'}
end

-- On its page, by its signed link: counted apart, so that who knows the number alone locks nobody out there. What is guessed here counts at the other
-- door too, so that nobody has both.
local function guess_on_page(r, matches, key, key_by_number, left_s, an_hour, in_life)
    if r.link_fails >= in_life then
        return {'locked', 0}
    elseif tonumber(redis.call('GET', key) or 0) >= an_hour then
        return {'locked', left_s}
    elseif matches then
        return {'right'}
    end
    count_failure(key, left_s)
    count_failure(key_by_number, left_s)
    redis.call('HINCRBY', r.key, 'lfails', 1)
    redis.call('HINCRBY', r.key, 'fails', 1)
    return {'wrong'}
end

-- 1 receipt 2 cell 3,4 last4 hashes 5 failures an hour 6 failures in its life 7 cell of its page, or '': by number
-- → right | wrong | locked seconds, 0: for good
local function guess(keys, args)
    local P, an_hour, in_life = keys[1], tonumber(args[5] or nil), tonumber(args[6] or nil)
    if not fits(P, args[1]) or args[2] == '' or args[3] == '' or not an_hour or not in_life then
        return bad('guess: arguments')
    end
    local rkey = P .. ':r:' .. args[1]
    local key, left_s = hour_cell(P, args[2], now_ms())
    local f = redis.call('HMGET', rkey, 'last4', 'fails', 'lfails', 'lead')
    local r = {key = rkey, last4 = f[1], fails = tonumber(f[2] or 0), link_fails = tonumber(f[3] or 0), lead = f[4]}
    local matches = r.last4 and (r.last4 == args[3] or r.last4 == args[4])
    if r.last4 and r.lead ~= '1' and (args[7] or '') ~= '' then
        return guess_on_page(r, matches, hour_cell(P, args[7], now_ms()), key, left_s, an_hour, in_life)
    end
    return guess_by_number(r, matches, key, left_s, an_hour, in_life)
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

-- None of them while the memory is full: who guesses could fill the rest of it, and a guess that cannot be counted must not be answered. So guess_ask,
-- which writes nothing, does not say so either: it is refused before a right answer is found.
register('guess_1', guess)
register('guess_ask_1', guess_ask)
register('guess_wrong_1', guess_wrong)
