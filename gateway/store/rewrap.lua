-- Key rotation -------------------------------------------------------------------------------------------------------------------

-- A walk over an order of changes, whatever it is for. 1 order 2 after 3 most 4 '' all, 'open': those whose clock runs, and what was declined → next or -1, its size, receipts
local function walk(keys, args)
    local P, key, most = keys[1], keys[1] .. ':' .. args[1], tonumber(args[3])
    if not tonumber(args[2]) or not most or (args[4] ~= '' and args[4] ~= 'open') then
        return bad('walk: arguments')
    end
    local found, receipts = redis.call('ZRANGEBYSCORE', key, '(' .. args[2], '+inf', 'WITHSCORES', 'LIMIT', 0, most), {}
    for i = 1, #found, 2 do
        local r = args[4] == 'open' and redis.call('HMGET', P .. ':r:' .. found[i], 'state', 'step', 'step_due', 'purged')
        if not r or ((r[4] or '') == '' and (is_open(r[1]) or r[1] == 'declined' or (r[2] or '') ~= '' or (tonumber(r[3] or nil) or 0) > 0)) then
            receipts[#receipts + 1] = found[i]
        end
    end
    return {#found == most * 2 and found[#found] or '-1', redis.call('ZCARD', key), receipts}
end

-- The same report under newer keys: no new version, nothing for readers. 1 receipt 2 version 3… fields to set → rehashed | moved | gone
local function rehash(keys, args)
    local P, receipt = keys[1], args[1]
    if #args < 4 or #args % 2 ~= 0 or not fits(P, receipt) then
        return bad('rehash: arguments')
    end
    local old = read_old(P, receipt)
    if not old.v then
        return {'gone'}
    elseif old.v ~= args[2] then
        return {'moved'}
    end
    local kind = kind_of(old.drill, old.lead)
    redis.call('HSET', P .. ':r:' .. receipt, unpack(args, 3))
    reindex(P, receipt, kind, kind, old, pairs_from(args, 3))
    return {'rehashed'}
end

-- Events that wait: 1 after 2 most → next or -1, size of the roll, then id, receipt and sealed bytes of each that has some
local function sealed_events(keys, args)
    local P, most = keys[1], tonumber(args[2])
    if not tonumber(args[1]) or not most then
        return bad('sealed_events: arguments')
    end
    local found, flat = redis.call('ZRANGEBYSCORE', P .. ':events', '(' .. args[1], '+inf', 'WITHSCORES', 'LIMIT', 0, most), {}
    for i = 1, #found, 2 do
        local e = redis.call('HMGET', P .. ':e:' .. found[i], 'r', 'sealed')
        if e[1] and e[2] and e[2] ~= '' then
            for _, value in ipairs({found[i], e[1], e[2]}) do
                flat[#flat + 1] = value
            end
        end
    end
    return {#found == most * 2 and found[#found] or '-1', redis.call('ZCARD', P .. ':events'), flat}
end

-- 1 event 2 sealed before 3 sealed now → rehashed | gone (delivered or dropped meanwhile, or re-wrapped by another)
local function rewrap_event(keys, args)
    local ekey = keys[1] .. ':e:' .. args[1]
    if #args ~= 3 or args[3] == '' then
        return bad('rewrap_event: arguments')
    elseif redis.call('HGET', ekey, 'sealed') ~= args[2] then
        return {'gone'}
    end
    redis.call('HSET', ekey, 'sealed', args[3])
    return {'rehashed'}
end

register('walk_1', walk, 'no-writes')
register('rehash_1', rehash, 'allow-oom')
register('sealed_events_1', sealed_events, 'no-writes')
register('rewrap_event_1', rewrap_event, 'allow-oom')
