-- Reports ------------------------------------------------------------------------------------------------------------------------

local PERSONS = {drill = ':dp:', lead = ':lp:', report = ':p:'}

-- Where others of these persons stand: a lead is a second one beside a report too, a report beside reports only.
local function person_keys(P, kind, ids)
    local found = {}
    for _, id in ipairs(ids) do
        found[#found + 1] = P .. PERSONS[kind] .. id
        found[#found + 1] = kind == 'lead' and P .. PERSONS.report .. id or nil
    end
    return found
end

-- The members <phone>:<receipt> of a person: all when they are few, else those of these phones first.
local function person_members(key, phones)
    local members = redis.call('ZRANGE', key, 0, SCAN - 1)
    if #members < SCAN then
        return members
    end
    local near = {}
    for _, phone in ipairs(phones) do
        for _, m in ipairs(redis.call('ZRANGEBYLEX', key, '[' .. phone .. ':', '(' .. phone .. ';')) do
            near[#near + 1] = m
        end
    end
    for _, m in ipairs(members) do
        near[#near + 1] = m
    end
    return near
end

local function list_of(a, b)
    local list = {a ~= '' and a or nil}
    list[#list + 1] = b ~= '' and b or nil
    return list
end

-- The newest open report of this person with one of these phones, and whether one with another phone is open.
local function household(P, kind, ids, phones)
    local best, best_born, other = nil, -1, false
    for _, key in ipairs(person_keys(P, kind, ids)) do
        for _, member in ipairs(person_members(key, phones)) do
            local colon = member:find(':', 1, true)
            local phone, receipt = member:sub(1, colon - 1), member:sub(colon + 1)
            local r = redis.call('HMGET', P .. ':r:' .. receipt, 'state', 'born', 'content')
            if is_open(r[1]) then
                local born = tonumber(r[2]) or 0
                if phone ~= phones[1] and phone ~= phones[2] then
                    other = true
                elseif born > best_born then
                    best, best_born = {receipt = receipt, content = r[3]}, born
                end
            end
        end
    end
    return best, other
end

-- What is known of a token lives 31 days, of a drill's no longer than the drill.
local function note_token(P, token, person, content, receipt, link)
    local key, life = P .. ':t:' .. token, TOKEN_S
    local drill_gone_ms = redis.call('ZSCORE', P .. ':drills', receipt)
    if drill_gone_ms then
        life = math.max(1, math.ceil((tonumber(drill_gone_ms) - now_ms()) / 1000))
    end
    redis.call('HSET', key, person, receipt .. link, person .. ':' .. content, receipt .. link)
    redis.call('EXPIRE', key, life)
end

-- The first event of a report that is not delivered yet may go; the others wait behind it.
local function put_event(P, now, seq, receipt, id, area, sealed, hold, first)
    local state, why = 'ready', ''
    if redis.call('RPUSH', P .. ':c:' .. receipt, id) > 1 then
        state, why = 'held', 'order'
    elseif hold ~= '' then
        state, why = 'held', hold
    end
    redis.call('HSET', P .. ':e:' .. id, 'r', receipt, 'area', area, 'st', state, 'at', now, 'seq', seq, 'n', 0, 'fence', 0, 'why', why,
        'hold', hold, 'first', first, 'sealed', sealed)
    redis.call('ZADD', P .. ':' .. state, now, id)
    redis.call('ZADD', P .. ':events', seq, id)
    redis.call('HINCRBY', P .. ':n', 'made', 1)
    redis.call('HINCRBY', P .. ':ledger', area .. ':made', 1)
    if state == 'ready' then
        wake(P)
    end
end

-- Who waits for news hears which orders have moved: `NN seq index…`.
local function publish_change(P, seq, kind, names)
    redis.call('PUBLISH', P .. ':changes', bucket_of(P) .. ' ' .. text_of(seq) .. ' ' .. (kind == 'drill' and 'dchanges' or names))
end

-- A report stands in the order of all changes and in those named in its `idx`; a drill in the order of drills only, and where the anchors find it.
local function order(P, receipt, seq, kind, names)
    if kind == 'drill' then
        redis.call('ZADD', P .. ':dchanges', seq, receipt)
        redis.call('ZADD', P .. ':noted', seq, receipt)
        return
    end
    redis.call('ZADD', P .. ':changes', seq, receipt)
    for name in names:gmatch('%S+') do
        redis.call('ZADD', P .. ':' .. name, seq, receipt)
    end
end

-- When the clock must look at it again: its next change of signal, or the end of its claim.
local function set_clock(P, receipt, next, claim_until)
    local at = tonumber(next or '') or 0
    local claimed = tonumber(claim_until or '') or 0
    if claimed > 0 and (at == 0 or claimed < at) then
        at = claimed
    end
    if at > 0 then
        redis.call('ZADD', P .. ':clock', at, receipt)
    else
        redis.call('ZREM', P .. ':clock', receipt)
    end
end

local function kind_of(drill, lead)
    return drill == '1' and 'drill' or lead == '1' and 'lead' or 'report'
end

local function put_person(P, kind, receipt, r)
    if r.id and r.id ~= '' then
        local key = P .. PERSONS[kind] .. r.id
        redis.call('ZADD', key, 0, (r.ph or '') .. ':' .. receipt)
        if kind == 'drill' then
            redis.call('EXPIRE', key, DRILL_S)
        end
    end
end

local function leave_person(P, kind, receipt, r)
    if r.id and r.id ~= '' then
        redis.call('ZREM', P .. PERSONS[kind] .. r.id, (r.ph or '') .. ':' .. receipt)
    end
end

local function look_members(receipt, r)
    local members = {}
    if r.nm and r.nm ~= '' then
        members[1] = 'n' .. r.nm .. ':' .. receipt
    end
    if r.ph and r.ph ~= '' then
        members[#members + 1] = 't' .. r.ph .. ':' .. receipt
    end
    return members
end

local function leave_look(P, receipt, r)
    local members = look_members(receipt, r)
    if #members > 0 then
        redis.call('ZREM', P .. ':look', unpack(members))
    end
end

local function put_look(P, receipt, r)
    local args = {}
    for _, member in ipairs(look_members(receipt, r)) do
        args[#args + 1] = 0
        args[#args + 1] = member
    end
    if #args > 0 then
        redis.call('ZADD', P .. ':look', unpack(args))
    end
end

local function pairs_from(args, from)
    local r = {}
    for i = from, #args, 2 do
        r[args[i]] = args[i + 1]
    end
    return r
end

local function accept_drill(P, now, receipt, token)
    for _, key in ipairs({':r:' .. receipt, ':x:' .. receipt, ':t:' .. token}) do
        redis.call('EXPIRE', P .. key, DRILL_S)
    end
    redis.call('ZADD', P .. ':drills', now + DRILL_S * 1000, receipt)
    redis.call('HINCRBY', P .. ':n', 'drills', 1)
end

-- A report is counted as accepted, and its first event made (or not, where [forward] events leaves it out).
local function count_accepted(P, now, seq, receipt, area, event)
    redis.call('HINCRBY', P .. ':n', 'accepted', 1)
    redis.call('HINCRBY', P .. ':ledger', area .. ':accepted', 1)
    if event.id ~= '' then
        put_event(P, now, seq, receipt, event.id, event.area, event.sealed, event.hold, '1')
    else
        redis.call('HINCRBY', P .. ':n', 'unsent', 1)
        redis.call('HINCRBY', P .. ':ledger', area .. ':unsent', 1)
    end
end

-- What a token is noted for, unless that was a drill which is gone (what was purged leaves its record).
local function still_there(P, noted)
    return noted and redis.call('EXISTS', P .. ':r:' .. noted:sub(1, 12)) == 1 and noted or nil
end

-- What a token or an Idempotency-Key was used for before: an answer, or nothing.
local function answered_before(P, args)
    local known = redis.call('HMGET', P .. ':t:' .. args[2], args[7] .. ':' .. args[13], args[8] .. ':' .. args[14], args[7], args[8])
    local exact, noted = still_there(P, known[1] or known[2]), still_there(P, known[3] or known[4])
    if exact then
        return {'repeat', exact:sub(1, 12), exact:sub(13)}
    elseif noted and args[6] == 'intake' then
        return {'conflict', noted:sub(1, 12)}
    end
    if noted and noted:sub(13) == 'f' and is_open(redis.call('HGET', P .. ':r:' .. noted:sub(1, 12), 'state')) then
        return {'add', noted:sub(1, 12), noted:sub(13), '1'}
    elseif args[3] == '1' then
        return {'stale'}
    end
    return nil
end

-- An open report of the same household, or nothing. What staff puts in never joins another one by itself: it is flagged and merged by hand.
local function same_household(P, kind, args)
    local best, other = household(P, kind, list_of(args[9], args[10]), list_of(args[11], args[12]))
    if args[6] == 'intake' then
        best, other = nil, best or other
    end
    if best and (best.content == args[13] or best.content == args[14]) then
        note_token(P, args[2], args[7], args[13], best.receipt, 's')
        return {'same', best.receipt, 's'}
    elseif best then
        return {'add', best.receipt, 's', '0'}
    elseif other and args[4] ~= '1' then
        return {'duplicate'}
    end
    return nil
end

-- 1 receipt 2 token 3 stale 4 duplicate known 5 report|lead|drill 6 form|intake 7,8 persons 9,10 ids 11,12 phones 13,14 contents 15 audit text
-- 16 audit hash 17 event id 18 event area 19 sealed 20 hold 21 stat 22… record. → accepted | repeat receipt link | same receipt s |
-- add receipt link by_token | duplicate | taken | stale | conflict receipt. A token whose report is decided starts a new one; its exact repeat still
-- finds the old one. Only the token that filed a report may correct it: one that reached it by ID and phone (link s) is judged like a fresh one,
-- or a stranger could change the phone.
local function accept(keys, args)
    local P, receipt, token, kind, mode = keys[1], args[1], args[2], args[5], args[6]
    if #args < 21 or #args % 2 ~= 1 or not fits(P, receipt) or token == '' or not PERSONS[kind] or (mode ~= 'form' and mode ~= 'intake') or
        args[7] == '' or (mode == 'form' and args[11] == '') or args[13] == '' or #args[16] ~= 64 or
        (args[17] ~= '' and (kind ~= 'report' or args[19] == '')) then
        return bad('accept: arguments')
    end
    local r = pairs_from(args, 22)
    if r.push and not is_delivery(r.push) then
        return bad('accept: push')
    end
    local answer = answered_before(P, args) or same_household(P, kind, args)
    if answer then
        return answer
    end
    local rkey = P .. ':r:' .. receipt
    if redis.call('EXISTS', rkey) == 1 then
        return {'taken'}
    end

    local now = now_ms()
    local seq = redis.call('HINCRBY', P .. ':n', 'seq', 1)
    redis.call('HSET', rkey, 'v', 1, 'seq', seq, 'born', seq, 'head', args[16], unpack(args, 22))
    redis.call('RPUSH', P .. ':x:' .. receipt, args[16] .. ' ' .. text_of(seq) .. ' ' .. args[15])
    order(P, receipt, seq, kind, r.idx or '')
    note_token(P, token, args[7], args[13], receipt, 'f')
    put_person(P, kind, receipt, r)
    if kind == 'drill' then
        accept_drill(P, now, receipt, token)
    else
        put_look(P, receipt, r)
        set_clock(P, receipt, r.next, '')
        if args[21] ~= '' then
            redis.call('RPUSH', P .. ':sj', args[21])
        end
    end
    if kind == 'lead' then
        redis.call('HINCRBY', P .. ':n', 'leads', 1)
    elseif kind == 'report' then
        count_accepted(P, now, seq, receipt, r.area, {id = args[17], area = args[18], sealed = args[19], hold = args[20]})
    end
    if r.push then
        count_delivery(P, r.push)
    end
    publish_change(P, seq, kind, r.idx or '')
    return {'accepted', receipt, 'f'}
end

-- It leaves the orders that its `idx` names no longer.
local function leave(P, receipt, before, names)
    for name in before:gmatch('%S+') do
        if not (' ' .. names .. ' '):find(' ' .. name .. ' ', 1, true) then
            redis.call('ZREM', P .. ':' .. name, receipt)
        end
    end
end

-- Persons and look-ups follow the fields of the record.
local function reindex(P, receipt, kind_before, kind, old, new)
    local now = {id = new.id or old.id, ph = new.ph or old.ph, nm = new.nm or old.nm}
    if now.id ~= old.id or now.ph ~= old.ph or kind ~= kind_before then
        leave_person(P, kind_before, receipt, old)
        put_person(P, kind, receipt, now)
    end
    if kind ~= 'drill' and (now.ph ~= old.ph or now.nm ~= old.nm) then
        leave_look(P, receipt, old)
        put_look(P, receipt, now)
    end
end

-- Events that will not be sent any more: they stay on the roll, what they say of a person does not.
local function drop_events(P, receipt, ids)
    for _, id in ipairs(ids) do
        local ekey = P .. ':e:' .. id
        redis.call('ZREM', P .. ':' .. redis.call('HGET', ekey, 'st'), id)
        redis.call('HSET', ekey, 'st', 'dropped', 'why', '')
        forget_sealed(ekey)
        redis.call('HINCRBY', P .. ':n', 'dropped', 1)
    end
    redis.call('LTRIM', P .. ':c:' .. receipt, 1, 0)
end

-- A report that ends before anything of it was ever sent needs no sending. True when that was so.
local function drop_untried(P, receipt)
    local ids = redis.call('LRANGE', P .. ':c:' .. receipt, 0, -1)
    local first = ids[1] and redis.call('HMGET', P .. ':e:' .. ids[1], 'first', 'st', 'n', 'fence')
    if not first or first[1] ~= '1' or first[2] == 'sending' or first[3] ~= '0' or first[4] ~= '0' then
        return false
    end
    drop_events(P, receipt, ids)
    return true
end

-- Who asks for a claim: → fence, until, or nil and who has it. Again by the holder: the same fence, and never an earlier end.
local function claim_of(now, r, holder, lease_ms)
    local there, until_ms, fence = r.claim or '', tonumber(r.claim_until or '') or 0, tonumber(r.fence or '') or 0
    local runs = there ~= '' and until_ms > now
    if runs and there ~= holder then
        return nil
    end
    if runs then
        return fence, math.max(until_ms, now + lease_ms)
    end
    return fence + 1, now + lease_ms
end

local OLD = {'v', 'head', 'id', 'ph', 'nm', 'drill', 'lead', 'idx', 'next', 'claim', 'claim_name', 'claim_until', 'fence', 'area', 'seq'}

local function read_old(P, receipt)
    local values, r = redis.call('HMGET', P .. ':r:' .. receipt, unpack(OLD)), {}
    for i, name in ipairs(OLD) do
        r[name] = values[i] or nil
    end
    return r
end

-- What was held until the ID number is known goes on, or waits for what the change's own event waits for: as it was accepted, and then what has
-- become known.
local function release_id(P, receipt, now, hold)
    for _, id in ipairs(redis.call('LRANGE', P .. ':c:' .. receipt, 0, -1)) do
        if redis.call('HGET', P .. ':e:' .. id, 'hold') == 'id' then
            redis.call('HSET', P .. ':e:' .. id, 'hold', hold)
        end
    end
    if promote(P, receipt, now) then
        wake(P)
    end
end

-- Events of a change: none, one, or those that are not needed any more.
local function change_event(P, now, seq, receipt, kind, flags, area, event)
    if flags:find('id_known', 1, true) then
        release_id(P, receipt, now, event.hold)
    end
    if flags:find('drop', 1, true) and drop_untried(P, receipt) then
        redis.call('HSET', P .. ':r:' .. receipt, 'withdraw_event', '')
    elseif flags:find('promote', 1, true) then
        redis.call('HINCRBY', P .. ':n', 'promoted', 1)
        count_accepted(P, now, seq, receipt, area, event)
    elseif event.id ~= '' and kind == 'report' then
        put_event(P, now, seq, receipt, event.id, event.area, event.sealed, event.hold, '')
    end
end

-- Whether a report may be merged into this one: it goes on itself, or the household is on the list already.
local function leads(P, receipt, old)
    local r = redis.call('HMGET', P .. ':r:' .. receipt, 'state', 'drill', 'lead', 'purged')
    return (is_open(r[1]) or r[1] == 'admitted') and (r[2] == '1') == (old.drill == '1') and r[3] ~= '1' and (r[4] or '') == ''
end

-- Whether another open report has one of these ID numbers.
local function is_shared(P, kind, receipt, ids)
    for _, key in ipairs(person_keys(P, kind, ids)) do
        for _, member in ipairs(redis.call('ZRANGE', key, 0, SCAN - 1)) do
            local other = member:sub(-12)
            if other ~= receipt and is_open(redis.call('HGET', P .. ':r:' .. other, 'state')) then
                return true
            end
        end
    end
    return false
end

-- 1 receipt 2 version 3 head 4 token 5 person 6 content 7 link 8 webhook-id 9 audit text 10 audit hash 11 event id 12 event area 13 sealed
-- 14 hold 15 stat 16 flags (promote: a lead has become a report; drop: what was never tried need not be sent; id_known; leader:<receipt>;
-- alone:<id>,<id>: its ID number, new or of a lead that becomes a report: no other open one may have it; early: the webhook is only noted, it may
-- still be applied) 17 holder 18 lease ms 19… fields to set.
-- → changed version claim_until fence | moved | gone | known | early | shared | claimed holder name until
local function change(keys, args)
    local P, receipt = keys[1], args[1]
    if #args < 18 or #args % 2 ~= 0 or not fits(P, receipt) or #args[10] ~= 64 or (args[4] ~= '' and (args[5] == '' or args[6] == '' or #args[7] ~= 1)) or
        (args[11] ~= '' and args[13] == '') or (args[17] ~= '' and not tonumber(args[18])) then
        return bad('change: arguments')
    end
    local rkey, old = P .. ':r:' .. receipt, read_old(P, receipt)
    local early, known = args[16]:find('early', 1, true), args[8] ~= '' and redis.call('GET', P .. ':w:' .. args[8])
    if not old.v then
        return {'gone'}
    elseif known and (known ~= 'early' or early) then
        return {known == 'early' and 'early' or 'known'}
    elseif old.v ~= args[2] or old.head ~= args[3] or (args[11] ~= '' and redis.call('EXISTS', P .. ':e:' .. args[11]) == 1) then
        return {'moved'}
    end
    local leader = args[16]:match('leader:(%d+)')
    if leader and not leads(P, leader, old) then
        return {'moved'}
    end
    local new = pairs_from(args, 19)
    local before, kind = kind_of(old.drill, old.lead), kind_of(old.drill, new.lead or old.lead)
    local first_id, second_id = args[16]:match('alone:(%w+),?(%w*)')
    if first_id and is_shared(P, kind, receipt, list_of(first_id, second_id)) then
        return {'shared'}
    end
    local now, fence, claim_until = now_ms(), nil, nil
    if args[17] ~= '' then
        fence, claim_until = claim_of(now, old, args[17], tonumber(args[18]))
        if not fence then
            return {'claimed', old.claim, old.claim_name or '', old.claim_until}
        end
    end

    local seq = redis.call('HINCRBY', P .. ':n', 'seq', 1)
    local version = tonumber(old.v) + 1
    leave_recount(P, receipt, old.seq)
    redis.call('HSET', rkey, 'v', version, 'seq', seq, 'head', args[10], unpack(args, 19))
    if fence then
        redis.call('HSET', rkey, 'claim', args[17], 'claim_until', text_of(claim_until), 'fence', text_of(fence))
    end
    redis.call('RPUSH', P .. ':x:' .. receipt, args[10] .. ' ' .. text_of(seq) .. ' ' .. args[9])
    if new.idx then
        leave(P, receipt, old.idx or '', new.idx)
    end
    order(P, receipt, seq, kind, new.idx or old.idx or '')
    reindex(P, receipt, before, kind, old, new)
    if args[4] ~= '' then
        note_token(P, args[4], args[5], args[6], receipt, args[7])
    end
    if args[8] ~= '' then
        redis.call('SET', P .. ':w:' .. args[8], early and 'early' or receipt, 'EX', HOOK_S)
    end
    if kind ~= 'drill' then
        set_clock(P, receipt, new.next or old.next, claim_until or new.claim_until or old.claim_until)
        change_event(P, now, seq, receipt, kind, args[16], new.area or old.area,
            {id = args[11], area = args[12], sealed = args[13], hold = args[14]})
        if args[15] ~= '' then
            redis.call('RPUSH', P .. ':sj', args[15])
        end
    end
    publish_change(P, seq, kind, new.idx or old.idx or '')
    return {'changed', version, claim_until and text_of(claim_until) or '', fence and text_of(fence) or ''}
end

-- Something is on record that changes nothing: somebody has read what is personal. 1 receipt 2 head 3 audit text 4 audit hash → noted | moved | gone
local function note(keys, args)
    local P, receipt = keys[1], args[1]
    if #args ~= 4 or not fits(P, receipt) or #args[4] ~= 64 then
        return bad('note: arguments')
    end
    local head = redis.call('HGET', P .. ':r:' .. receipt, 'head')
    if not head then
        return {'gone'}
    elseif head ~= args[2] then
        return {'moved'}
    end
    local seq = redis.call('HINCRBY', P .. ':n', 'seq', 1)
    redis.call('HSET', P .. ':r:' .. receipt, 'head', args[4])
    redis.call('RPUSH', P .. ':x:' .. receipt, args[4] .. ' ' .. text_of(seq) .. ' ' .. args[3])
    redis.call('ZADD', P .. ':noted', seq, receipt)
    return {'noted'}
end

-- The record and the moment, so that whoever judges a claim does it by the clock by which it was given. 1 receipt → now, then field and value…
local function read(keys, args)
    local P, receipt = keys[1], args[1]
    if #args ~= 1 or not fits(P, receipt) then
        return bad('read: arguments')
    end
    local answer = redis.call('HGETALL', P .. ':r:' .. receipt)
    table.insert(answer, 1, text_of(now_ms()))
    return answer
end

-- What the clock must look at, behind those that it could do nothing about. 1 most 2 how many to leave out → receipts
local function due(keys, args)
    return redis.call('ZRANGEBYSCORE', keys[1] .. ':clock', '-inf', now_ms(), 'LIMIT', tonumber(args[2]), tonumber(args[1]))
end

register('accept_2', accept)
register('change_2', change, 'allow-oom')
register('due_1', due, 'no-writes')
register('note_1', note, 'allow-oom')
register('read_1', read, 'no-writes')
