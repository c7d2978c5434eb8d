-- Statistics ---------------------------------------------------------------------------------------------------------------------
--
-- The journal `sj` holds texts of lines (domain/stats.h). Folding takes entries off its head and adds them to the sums in the same call, so that no
-- crash can lose or double one. The sums lie in generations: a recount builds the next one beside the current, and one number changes when it is
-- taken. While a recount runs the journal only grows: what it holds is exactly what the recount has not seen.

local FOLD_ENTRIES, FOLD_BYTES, RECOUNT_S, RECOUNT_LINKS, DIFFERENCES, DROP_AREAS = 64, 16384, 60, 2000, 50, 4
local BEST_EFFORT = {opens = true, forms = true}

local function generation(P)
    return tonumber(redis.call('HGET', P .. ':n', 'sgen') or 1)
end

-- s: sums; sd: by dim; sa: the areas there are, each with its first and last day
local function sums_key(P, gen, what, area, period)
    return P .. ':' .. what .. text_of(gen) .. ':' .. area .. ':' .. period
end

local function areas_key(P, gen)
    return P .. ':sa' .. text_of(gen)
end

local function words(text)
    local list = {}
    for word in text:gmatch('[^ ]+') do
        list[#list + 1] = word
    end
    return list
end

local function sum_up(sums, what, area, period, field, n)
    local key = what .. '\t' .. area .. '\t' .. period
    local fields = sums[key]
    if not fields then
        fields = {}
        sums[key] = fields
    end
    fields[field] = (fields[field] or 0) + n
end

local function sum_measure(sums, areas, dims, period, name, n)
    for _, area in ipairs(areas) do
        sum_up(sums, 's', area, period, name, n)
        for _, dim in ipairs(dims) do
            sum_up(sums, 'sd', area, period, dim .. '|' .. name, n)
        end
    end
end

-- Lines that are none are passed over: they must not stop the journal for ever.
local function sum_lines(sums, days, text)
    for day, path, dims, measures in text:gmatch('(%d%d%d%d%d%d%d%d)\t([^\t\n]*)\t([^\t\n]*)\t([^\t\n]*)') do
        local areas, dim_list = words(path), words(dims)
        for name, by in measures:gmatch('([^ =]+)=([+-]?%d+)') do
            local n = #by <= 7 and tonumber(by) or 0
            if name:sub(1, 4) == 'now.' then
                sum_measure(sums, areas, dim_list, 'now', name, n)
            else
                sum_measure(sums, areas, dim_list, day, name, n)
                sum_measure(sums, areas, dim_list, day:sub(1, 6), name, n)
                sum_measure(sums, areas, dim_list, day:sub(1, 4), name, n)
            end
        end
        for _, area in ipairs(areas) do
            local known = days[area]
            if not known then
                days[area] = {day, day}
            elseif day < known[1] then
                known[1] = day
            elseif day > known[2] then
                known[2] = day
            end
        end
    end
end

local function days_of(P, gen, area)
    local known = redis.call('HGET', areas_key(P, gen), area)
    if known then
        return known:sub(1, 8), known:sub(10, 17)
    end
end

local function write_sums(P, gen, sums, days)
    for key, fields in pairs(sums) do
        local what, area, period = key:match('^(.-)\t(.-)\t(.*)$')
        local hash = sums_key(P, gen, what, area, period)
        for field, n in pairs(fields) do
            if n ~= 0 and redis.call('HINCRBY', hash, field, text_of(n)) == 0 then
                redis.call('HDEL', hash, field)
            end
        end
    end
    for area, span in pairs(days) do
        local first, last = days_of(P, gen, area)
        local from, to = span[1], span[2]
        if first then
            from, to = first < from and first or from, last > to and last or to
        end
        if from ~= first or to ~= last then
            redis.call('HSET', areas_key(P, gen), area, from .. ' ' .. to)
        end
    end
end

local function fold(P)
    local texts = redis.call('LRANGE', P .. ':sj', 0, FOLD_ENTRIES - 1)
    if #texts == 0 then
        return 0
    end
    local sums, days, taken, bytes = {}, {}, 0, 0
    while taken < #texts and bytes < FOLD_BYTES do
        taken = taken + 1
        bytes = bytes + #texts[taken]
        sum_lines(sums, days, texts[taken])
    end
    write_sums(P, generation(P), sums, days)
    redis.call('LTRIM', P .. ':sj', taken, -1)
    return redis.call('LLEN', P .. ':sj')
end

-- 1 lines → their bytes
local function stats_add(keys, args)
    if #args ~= 1 or args[1] == '' then
        return bad('stats_add: arguments')
    end
    redis.call('RPUSH', keys[1] .. ':sj', args[1])
    return {#args[1]}
end

-- → entries left, '1' when a recount keeps them there
local function stats_fold(keys)
    local P = keys[1]
    if redis.call('EXISTS', P .. ':sb') == 1 then
        return {redis.call('LLEN', P .. ':sj'), '1'}
    end
    return {fold(P), ''}
end

-- `period=set,set` … → {{period, 'set,set'}, …}
local function read_periods(text)
    local periods = {}
    for name, sets in text:gmatch('(%w+)=([%d,]+)') do
        periods[#periods + 1] = {name, sets}
    end
    return periods
end

local function has_days(period, first, last)
    return period == 'now' or (period >= first:sub(1, #period) and period <= last:sub(1, #period))
end

-- Its fields, of a dim only those with the prefix.
local function read_hash(sums, hash, prefix)
    for i = 1, #hash, 2 do
        local field = hash[i]
        if prefix == '' or field:sub(1, #prefix) == prefix then
            sums[field] = (sums[field] or 0) + hash[i + 1]
        end
    end
end

local function tell_sums(answer, area, sums_of)
    for sets, sums in pairs(sums_of) do
        local flat = {}
        for field, n in pairs(sums) do
            flat[#flat + 1] = field
            flat[#flat + 1] = n
        end
        if #flat > 0 then
            answer[#answer + 1] = {area - 1, sets, flat}
        end
    end
end

-- 1 dim, or '' for the plain sums 2 areas 3 periods with the sets each belongs to 4 position 5 most work → next position or -1, then for each area
-- and those of its periods that belong to the same sets: area's number, the sets, fields and sums. So what lies in two sets, as the year so far does
-- by default, is added up and told once. It ends after a period when enough is done (a hash and each of its fields count as one; there is no clock
-- in here), so that nobody waits for a large table.
local function stats_read(keys, args)
    local P, dim, areas, periods = keys[1], args[1], words(args[2]), read_periods(args[3])
    local at, most, work = tonumber(args[4]), tonumber(args[5]), 0
    local gen, what, prefix = generation(P), dim == '' and 's' or 'sd', dim == '' and '' or dim .. ':'
    local answer, sums_of, known, first, last = {-1}, {}, 0, nil, nil
    while at < #areas * #periods and work < most do
        local a = math.floor(at / #periods) + 1
        local period = periods[at % #periods + 1]
        if a ~= known then
            tell_sums(answer, known, sums_of)
            first, last = days_of(P, gen, areas[a])
            known, sums_of = a, {}
        end
        if not first then
            at = a * #periods - 1
        elseif has_days(period[1], first, last) then
            local hash = redis.call('HGETALL', sums_key(P, gen, what, areas[a], period[1]))
            work = work + 1 + #hash / 2
            sums_of[period[2]] = sums_of[period[2]] or {}
            read_hash(sums_of[period[2]], hash, prefix)
        end
        at = at + 1
    end
    tell_sums(answer, known, sums_of)
    answer[1] = at < #areas * #periods and at or -1
    return answer
end

-- Recount ------------------------------------------------------------------------------------------------------------------------
--
--   begin (journal empty, then it waits) ─► recount × n (chains up to `last`) ─► compare × n ─► take │ leave ─► drop × n
--
-- `sb` names who recounts; it expires, so that a recount that died holds nothing up. `ss` has the reports that it has passed and that have moved since
-- (leave_recount).

local function holds(P, token)
    if redis.call('GET', P .. ':sb') ~= token then
        return false
    end
    redis.call('EXPIRE', P .. ':sb', RECOUNT_S)
    return true
end

-- Every period between two days: years, months, days, now.
local function each_period(first, last, call)
    call('now')
    for year = tonumber(first:sub(1, 4)), tonumber(last:sub(1, 4)) do
        call(string.format('%04d', year))
    end
    local y, m = tonumber(first:sub(1, 4)), tonumber(first:sub(5, 6))
    while string.format('%04d%02d', y, m) <= last:sub(1, 6) do
        local month = string.format('%04d%02d', y, m)
        call(month)
        for day = 1, 31 do
            call(month .. string.format('%02d', day))
        end
        y, m = m == 12 and y + 1 or y, m % 12 + 1
    end
end

local function drop_area(P, gen, area)
    local first, last = days_of(P, gen, area)
    each_period(first, last, function(period)
        remove(sums_key(P, gen, 's', area, period))
        remove(sums_key(P, gen, 'sd', area, period))
    end)
    redis.call('HDEL', areas_key(P, gen), area)
end

-- 1 token 2 generation → areas left. What is current stays, and what somebody else builds.
local function stats_drop(keys, args)
    local P, gen, current = keys[1], tonumber(args[2]), generation(keys[1])
    local other = redis.call('GET', P .. ':sb')
    if gen == current or (gen > current and other and other ~= args[1]) then
        return {0}
    end
    for _, area in ipairs(redis.call('HRANDFIELD', areas_key(P, gen), DROP_AREAS)) do
        drop_area(P, gen, area)
    end
    return {redis.call('HLEN', areas_key(P, gen))}
end

-- 1 token → busy | drop generation | fold left | begun generation
local function recount_begin(keys, args)
    local P, token, gen = keys[1], args[1], generation(keys[1])
    local other = redis.call('GET', P .. ':sb')
    if token == '' then
        return bad('recount_begin: arguments')
    elseif other and other ~= token then
        return {'busy'}
    end
    for _, remains in ipairs({gen + 1, gen - 1}) do
        if redis.call('EXISTS', areas_key(P, remains)) == 1 then
            return {'drop', text_of(remains)}
        end
    end
    local left = fold(P)
    if left > 0 then
        return {'fold', text_of(left)}
    end
    redis.call('SET', P .. ':sb', token, 'EX', RECOUNT_S)
    remove(P .. ':ss')
    redis.call('HSET', P .. ':n', 'slast', redis.call('HGET', P .. ':n', 'seq') or '0', 'sat', '0')
    return {'begun', text_of(gen + 1)}
end

-- Adds up what the links of a chain say that were there at the beginning, from one on and at most so many. → where to go on, or nothing; how many
local function recount_chain(P, receipt, from, most, last, sums, days)
    local links = redis.call('LRANGE', P .. ':x:' .. receipt, from, from + most - 1)
    for _, link in ipairs(links) do
        local seq, json = link:match('^%x+ (%d+) (.*)$')
        if seq and tonumber(seq) > last then
            return nil, #links
        end
        local ok, event = false, nil
        if seq and json:find('"stat"', 1, true) then
            ok, event = pcall(cjson.decode, json)
        end
        if ok and type(event.stat) == 'string' then
            sum_lines(sums, days, event.stat)
        end
    end
    return #links == most and from + most or nil, #links
end

-- A piece of the recount: some reports, or a part of one long chain, which counts as begun where its report stood then. 1 token 2 after 3 most 4 receipt
-- and 5 link of the chain to go on with, or '' → next or -1, receipt, link | lost
local function recount(keys, args)
    local P, upper, most, link = keys[1], args[2], tonumber(args[3] or nil), tonumber(args[5] or nil)
    if #args ~= 5 or not tonumber(upper) or not most or (args[4] ~= '' and (not link or not fits(P, args[4]))) then
        return bad('recount: arguments')
    end
    local n = redis.call('HMGET', P .. ':n', 'seq', 'slast', 'sat')
    if not holds(P, args[1]) or not n[3] then
        return {'lost'}
    end
    local last, room, used, receipt = tonumber(n[2]), RECOUNT_LINKS, 0, args[4]
    local sums, days, found, i = {}, {}, {}, 1
    if receipt ~= '' then
        link, used = recount_chain(P, receipt, link, room, last, sums, days)
        room = room - used
    end
    if not link then
        found = redis.call('ZRANGEBYSCORE', P .. ':changes', '(' .. upper, '+inf', 'WITHSCORES', 'LIMIT', 0, most)
    end
    while i < #found and room > 0 and not link do
        receipt, upper = found[i], found[i + 1]
        if not redis.call('ZSCORE', P .. ':ss', receipt) then
            link, used = recount_chain(P, receipt, 0, room, last, sums, days)
            room = room - used
        end
        i = i + 2
    end
    write_sums(P, generation(P) + 1, sums, days)
    local ended = not link and i > #found and #found < 2 * most
    redis.call('HSET', P .. ':n', 'sat', ended and (n[1] or '0') or upper)
    return {ended and '-1' or upper, link and receipt or '', link and text_of(link) or ''}
end

local function fields_of(key)
    local flat, fields = redis.call('HGETALL', key), {}
    for i = 1, #flat, 2 do
        fields[flat[i]] = tonumber(flat[i + 1])
    end
    return fields
end

-- What the current generation says against the recount, both ways. → work. Page opens and forms are in no chain: with keep they are taken along.
local function compare_hash(P, gen, what, area, period, keep, differs)
    local key = sums_key(P, gen + 1, what, area, period)
    local is, should, work = fields_of(sums_key(P, gen, what, area, period)), fields_of(key), 2
    for field, n in pairs(is) do
        work = work + 2
        local name = field:match('|(.*)$') or field
        if BEST_EFFORT[name] then
            if keep then
                redis.call('HINCRBY', key, field, text_of(n))
            end
        elseif should[field] ~= n then
            differs(area, period, field, n, should[field] or 0)
        end
    end
    for field, n in pairs(should) do
        if is[field] == nil then
            differs(area, period, field, 0, n)
        end
    end
    return work
end

local function all_areas(P, gen)
    local seen, list = {}, {}
    for _, g in ipairs({gen, gen + 1}) do
        for _, area in ipairs(redis.call('HKEYS', areas_key(P, g))) do
            if not seen[area] then
                seen[area] = true
                list[#list + 1] = area
            end
        end
    end
    table.sort(list)
    return list
end

-- 1 token 2 keep 3 position 4 most work → next or -1, how many differ, the first ones: area period field is should | lost
local function recount_compare(keys, args)
    local P, gen, work = keys[1], generation(keys[1]), 0
    local keep, at, most = args[2] == '1', tonumber(args[3]), tonumber(args[4])
    if not holds(P, args[1]) then
        return {'lost'}
    end
    local areas, count, list = all_areas(P, gen), 0, {}
    local function differs(area, period, field, is, should)
        count = count + 1
        if count <= DIFFERENCES then
            for _, value in ipairs({area, period, field, text_of(is), text_of(should)}) do
                list[#list + 1] = value
            end
        end
    end
    while at < #areas and work < most do
        local area = areas[at + 1]
        local a, z = days_of(P, gen, area)
        local b, y = days_of(P, gen + 1, area)
        local first, last = math.min(a or b, b or a), math.max(z or y, y or z)
        each_period(text_of(first), text_of(last), function(period)
            work = work + compare_hash(P, gen, 's', area, period, keep, differs)
            work = work + compare_hash(P, gen, 'sd', area, period, keep, differs)
        end)
        if keep then
            redis.call('HSET', areas_key(P, gen + 1), area, text_of(first) .. ' ' .. text_of(last))
        end
        at = at + 1
    end
    return {at < #areas and text_of(at) or '-1', count, list}
end

-- 1 token 2 take, or leave (drop what was built first) → ended | lost
local function recount_end(keys, args)
    local P, gen = keys[1], generation(keys[1])
    if not holds(P, args[1]) then
        return {'lost'}
    end
    if args[2] == 'take' then
        redis.call('HSET', P .. ':n', 'sgen', text_of(gen + 1))
    end
    remove(P .. ':sb')
    remove(P .. ':ss')
    redis.call('HDEL', P .. ':n', 'slast', 'sat')
    return {'ended'}
end

register('stats_add_1', stats_add)
register('stats_fold_1', stats_fold, 'allow-oom')
register('stats_read_2', stats_read, 'no-writes')
register('stats_recount_begin_1', recount_begin, 'allow-oom')
register('stats_recount_2', recount)
register('stats_recount_compare_1', recount_compare)
register('stats_recount_end_1', recount_end, 'allow-oom')
register('stats_drop_1', stats_drop, 'allow-oom')
