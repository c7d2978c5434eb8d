-- Reading ------------------------------------------------------------------------------------------------------------------------

local CHUNK, LOOK = 32, 2000

local function words_of(text)
    local words = {}
    for word in text:gmatch('%S+') do
        words[#words + 1] = word
    end
    return words
end

-- Whether one of the words of text is in the set; no set: yes.
local function meets(text, set)
    if not set then
        return true
    end
    for word in (text or ''):gmatch('%S+') do
        if set[word] then
            return true
        end
    end
    return false
end

local function set_of(text)
    local set = nil
    for word in text:gmatch('%S+') do
        set = set or {}
        set[word] = true
    end
    return set
end

-- What stands in these orders after a number, each report once, by its number: at least a chunk of it, and whether that was all. An order of which
-- more is there than was asked for says nothing about numbers beyond its last one.
local function entries_after(P, names, after, most)
    local chunk = #names == 1 and most or math.max(CHUNK, math.ceil(2 * most / #names))
    local rows, seen, sure = {}, {}, math.huge
    for _, name in ipairs(names) do
        local got = redis.call('ZRANGEBYSCORE', P .. ':' .. name, '(' .. text_of(after), '+inf', 'WITHSCORES', 'LIMIT', 0, chunk)
        for i = 1, #got, 2 do
            if not seen[got[i]] then
                seen[got[i]] = true
                rows[#rows + 1] = {receipt = got[i], seq = tonumber(got[i + 1])}
            end
        end
        if #got == 2 * chunk then
            sure = math.min(sure, tonumber(got[#got]))
        end
    end
    table.sort(rows, function(a, b) return a.seq < b.seq end)
    while #rows > 0 and rows[#rows].seq > sure do
        rows[#rows] = nil
    end
    return rows, sure == math.huge
end

local function fits_filter(r, f)
    return r.v and meets(r.path, f.paths) and (f.state == '' or r.state == f.state) and (f.source == '' or r.source == f.source) and
        (f.late == '' or (r.late == '1') == (f.late == '1')) and (f.kind == '' or (r.lead == '1') == (f.kind == 'lead')) and
        meets(r.risks, f.risks)
end

-- The fields of a record twice: in the order that was asked for, and by name. What is not there is false.
local function read_fields(P, receipt, fields)
    local values, r = redis.call('HMGET', P .. ':r:' .. receipt, unpack(fields)), {}
    for i, name in ipairs(fields) do
        r[name] = values[i]
    end
    return values, r
end

-- 1 after 2 limit 3 scan 4 orders 5 path ids or '' 6 state or '' 7 risk or '' 8 late 0|1 or '' 9 source or '' 10 kind lead|report or '' 11 fields
-- → the number of the last entry that was looked at, 1 when that was the end, the number of the bucket's last change, then per hit
-- {receipt, values…}. A number is taken when a report is written, and its entry stands there as soon as anybody sees it: so whoever goes on from the
-- last entry he has looked at misses none, and meets a report again only with a newer version.
local function feed(keys, args)
    local P, last, limit, scan = keys[1], tonumber(args[1] or nil), tonumber(args[2] or nil), tonumber(args[3] or nil)
    if #args ~= 11 or not last or not limit or not scan or limit < 1 or scan < 1 then
        return bad('feed: arguments')
    end
    local names, fields = words_of(args[4]), words_of(args[11])
    local filter = {paths = set_of(args[5]), state = args[6], risks = set_of(args[7]), late = args[8], source = args[9], kind = args[10]}
    local hits, looked, ended = {}, 0, false
    while not ended and looked < scan and #hits < limit do
        local rows, all = entries_after(P, names, last, math.max(CHUNK, limit))
        for _, row in ipairs(rows) do
            if looked == scan or #hits == limit then
                all = false
                break
            end
            looked, last = looked + 1, row.seq
            local values, r = read_fields(P, row.receipt, fields)
            if fits_filter(r, filter) then
                hits[#hits + 1] = {row.receipt, unpack(values, 1, #fields)}
            end
        end
        ended = all
    end
    local answer = {text_of(last), ended and 1 or 0, redis.call('HGET', P .. ':n', 'seq') or '0'}
    for _, hit in ipairs(hits) do
        answer[#answer + 1] = hit
    end
    return answer
end

-- → the number of the last change of a report or drill
local function heads(keys)
    local top = 0
    for _, name in ipairs({'changes', 'dchanges'}) do
        local row = redis.call('ZREVRANGEBYSCORE', keys[1] .. ':' .. name, '+inf', '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
        top = math.max(top, tonumber(row[2] or 0))
    end
    return {text_of(top)}
end

-- The receipts of a person by keyed hash: i of an ID number (reports and leads), n of a name, t of a phone.
local function receipts_of(P, by, hash)
    if by ~= 'i' then
        return redis.call('ZRANGEBYLEX', P .. ':look', '[' .. by .. hash .. ':', '(' .. by .. hash .. ';', 'LIMIT', 0, LOOK)
    end
    local members = redis.call('ZRANGE', P .. ':p:' .. hash, 0, LOOK - 1)
    for _, member in ipairs(redis.call('ZRANGE', P .. ':lp:' .. hash, 0, LOOK - 1)) do
        members[#members + 1] = member
    end
    return members
end

-- 1 by 2 hashes 3 path ids or '' 4 organisation or '' 5 most 6 fields → per hit {receipt, values…}, newest first
local function look(keys, args)
    local P, paths, most, fields = keys[1], set_of(args[3] or ''), tonumber(args[5] or nil), words_of(args[6] or '')
    if #args ~= 6 or not most then
        return bad('look: arguments')
    end
    local hits, seen = {}, {}
    for _, hash in ipairs(words_of(args[2])) do
        for _, member in ipairs(receipts_of(P, args[1], hash)) do
            local receipt = member:sub(-12)
            local values, r = read_fields(P, receipt, fields)
            if not seen[receipt] and r.v and meets(r.path, paths) and (args[4] == '' or r.org == args[4]) then
                seen[receipt] = true
                hits[#hits + 1] = {at = tonumber(r.at or 0), {receipt, unpack(values, 1, #fields)}}
            end
        end
    end
    table.sort(hits, function(a, b) return a.at > b.at end)
    local answer = {}
    for i = 1, math.min(#hits, most) do
        answer[i] = hits[i][1]
    end
    return answer
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

-- 1 receipt 2 from 3 count → the head its record names ('' when there is none), then links of its chain
local function history(keys, args)
    local P, receipt, from, count = keys[1], args[1], tonumber(args[2] or nil), tonumber(args[3] or nil)
    if #args ~= 3 or not fits(P, receipt) or not from or not count then
        return bad('history: arguments')
    end
    local answer = {redis.call('HGET', P .. ':r:' .. receipt, 'head') or ''}
    for _, link in ipairs(redis.call('LRANGE', P .. ':x:' .. receipt, from, from + count - 1)) do
        answer[#answer + 1] = link
    end
    return answer
end

-- Who has looked for whom, kept for a time. 1 words 2 keep ms
local function access(keys, args)
    local key, now, keep = keys[1] .. ':access', now_ms(), tonumber(args[2] or nil)
    if #args ~= 2 or not keep then
        return bad('access: arguments')
    end
    redis.call('ZADD', key, now, text_of(now) .. ' ' .. args[1])
    local old = redis.call('ZRANGEBYSCORE', key, '-inf', text_of(now - keep), 'LIMIT', 0, BATCH)
    if #old > 0 then
        redis.call('ZREM', key, unpack(old))
    end
    return {'noted'}
end

register('feed_1', feed, 'no-writes')
register('heads_1', heads, 'no-writes')
register('look_1', look, 'no-writes')
register('find_1', find, 'no-writes')
register('history_1', history, 'no-writes')
register('access_1', access, 'allow-oom')
