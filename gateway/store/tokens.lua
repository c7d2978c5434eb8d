-- API tokens ---------------------------------------------------------------------------------------------------------------------
-- Not in a bucket: KEYS are the whole keys. A token's hash carries the rest of its row; its id leads to it, so that the secret can change.

-- KEYS ms:token:<hex> ms:tokenid:<id> ms:tokens; 1 hex 2 id 3 made, then field value …
local function token_add(keys, args)
    if redis.call('EXISTS', keys[1], keys[2]) > 0 then
        return {'taken'}
    end
    redis.call('HSET', keys[1], 'id', args[2], 'made', args[3], unpack(args, 4))
    redis.call('SET', keys[2], args[1])
    redis.call('ZADD', keys[3], args[3], args[2])
    return {'done'}
end

-- KEYS ms:tokens; 1 offset 2 count → the hash of each, oldest first
local function token_list(keys, args)
    local rows = {}
    for _, id in ipairs(redis.call('ZRANGE', keys[1], tonumber(args[1]), tonumber(args[1]) + tonumber(args[2]) - 1)) do
        rows[#rows + 1] = redis.call('HGETALL', 'ms:token:' .. (redis.call('GET', 'ms:tokenid:' .. id) or ''))
    end
    return rows
end

-- KEYS ms:tokenid:<id>
local function token_disable(keys)
    local hex = redis.call('GET', keys[1])
    if not hex then
        return {'gone'}
    end
    if redis.call('HGET', 'ms:token:' .. hex, 'disabled') then
        return {'disabled'}
    end
    redis.call('HSET', 'ms:token:' .. hex, 'disabled', '1')
    return {'done'}
end

-- KEYS ms:tokenid:<id> ms:token:<new hex>; 1 new hex
local function token_rotate(keys, args)
    local hex = redis.call('GET', keys[1])
    if not hex then
        return {'gone'}
    end
    local old = 'ms:token:' .. hex
    local is = redis.call('HMGET', old, 'disabled', 'until')
    if is[1] then
        return {'disabled'}
    end
    if is[2] and is[2] ~= '0' and tonumber(is[2]) <= now_ms() then
        return {'over'}
    end
    redis.call('HSET', keys[2], unpack(redis.call('HGETALL', old)))
    redis.call('SET', keys[1], args[1])
    redis.call('EXPIRE', old, 0) -- gone at once
    return {'done'}
end

register('token_add_1', token_add)
register('token_list_1', token_list, 'no-writes')
register('token_disable_1', token_disable, 'allow-oom')
register('token_rotate_1', token_rotate, 'allow-oom')
