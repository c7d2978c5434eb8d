-- Departments' pushes ------------------------------------------------------------------------------------------------------------

-- P:pu:<county> since → the day from which its departments owe; P:pu:<county>:<push> by <day>[,<event day>] how many findings came, by
-- n<first day> when 零报告 of that period came, by e<day> when the event was told.

local function since_of(P, county, today)
    local key = P .. ':pu:' .. county
    local since = redis.call('HGET', key, 'since')
    if not since then
        redis.call('HSET', key, 'since', today)
    end
    return since or today
end

-- A finding of a push, `<county>:<push> <day>[,<event day>]`: part of the accept that stores it.
local function count_delivery(P, finding)
    local county, push, field = finding:match('^([%w-]+):([%w_]+) ([%d,-]+)$')
    since_of(P, county, field:sub(1, 10))
    redis.call('HINCRBY', P .. ':pu:' .. county .. ':' .. push, field, 1)
end

local function is_delivery(finding)
    return finding:match('^[%w-]+:[%w_]+ [%d,-]+$') ~= nil
end

-- 1 county 2 push 3 n<first day> or e<day> 4 today → noted | known
local function delivery_note(keys, args)
    local P, county, push, field, today = keys[1], unpack(args)
    if #args ~= 4 or county == '' or push == '' or not field:match('^[ne]%d+-%d+-%d+$') or #today ~= 10 then
        return bad('delivery_note: arguments')
    end
    since_of(P, county, today)
    local key = P .. ':pu:' .. county .. ':' .. push
    if redis.call('HGET', key, field) then
        return {'known'}
    end
    redis.call('HSET', key, field, today)
    return {'noted'}
end

-- What is older than anybody asks for goes.
local function fresh_deliveries(key, oldest)
    local row, list = redis.call('HGETALL', key), {}
    for i = 1, #row, 2 do
        local day = row[i]:gsub('^%a', ''):sub(1, 10)
        if day < oldest then
            redis.call('HDEL', key, row[i])
        else
            list[#list + 1] = row[i]
            list[#list + 1] = row[i + 1]
        end
    end
    return list
end

-- 1 county 2 today 3 the oldest day that counts 4… pushes → since, then field value … of each push
local function deliveries(keys, args)
    local P, county, today, oldest = keys[1], args[1], args[2], args[3]
    if #args < 3 or county == '' or #today ~= 10 or #oldest ~= 10 then
        return bad('deliveries: arguments')
    end
    local answer = {since_of(P, county, today)}
    for i = 4, #args do
        answer[#answer + 1] = fresh_deliveries(P .. ':pu:' .. county .. ':' .. args[i], oldest)
    end
    return answer
end

register('delivery_note_1', delivery_note)
register('deliveries_1', deliveries, 'allow-oom')
