-- Places -------------------------------------------------------------------------------------------------------------------------

-- Where each report is kept, in the order of changes, for whoever compares that with the areas of the day. The bucket notes under which shape of the
-- areas, how far that was done, and when those were loaded: of gateways with different areas the newest leads, the others find nothing to do.
-- A moment that lies ahead is that of a clock which ran ahead: whoever says it loaded them now, and what is noted of it leads nobody.
-- 1 shape 2 done up to, or '': as far as is noted under this shape 3 most 4 when the areas were loaded, ms → up to where this slice goes, 1 when
-- that was the end, then per report {receipt, area, path, idx} (not those whose person is forgotten)
local function places(keys, args)
    local P, shape, after, most, loaded = keys[1], args[1], args[2], tonumber(args[3] or nil), tonumber(args[4] or nil)
    if #args ~= 4 or not shape:match('^%x+$') or not most or not loaded or (after ~= '' and not tonumber(after)) then
        return bad('places: arguments')
    end
    local noted = redis.call('HGET', P .. ':n', 'places') or ''
    local noted_shape, noted_after, noted_loaded = noted:match('^(%x+) (%d+) ?(%d*)$')
    local same, since, now = noted_shape == shape, tonumber(noted_loaded or nil) or 0, now_ms()
    loaded, since = math.min(loaded, now), since > now and 0 or since
    if noted_shape and not same and (since > loaded or since == loaded and noted_shape > shape) then
        return {after == '' and '0' or after, 1}
    elseif after == '' then
        after = same and noted_after or '0'
    end
    local note = shape .. ' ' .. after .. ' ' .. text_of(same and math.max(since, loaded) or loaded)
    if noted ~= note then
        redis.call('HSET', P .. ':n', 'places', note)
    end
    local found = redis.call('ZRANGEBYSCORE', P .. ':changes', '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, most)
    local answer = {found[#found] or after, #found < 2 * most and 1 or 0}
    for i = 1, #found, 2 do
        local r = redis.call('HMGET', P .. ':r:' .. found[i], 'area', 'path', 'idx', 'purged')
        if r[1] and (r[4] or '') == '' then
            answer[#answer + 1] = {found[i], r[1], r[2] or '', r[3] or ''}
        end
    end
    return answer
end

register('places_1', places, 'allow-oom')
