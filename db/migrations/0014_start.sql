-- What a start asks must not take longer because the shop has had many chats.

-- The highest id of a message that was seen anywhere, kept by the turns: where to look for what was sent last.
ALTER TABLE bot_state ADD COLUMN high_message_id BIGINT NOT NULL DEFAULT 0;
UPDATE bot_state SET high_message_id = GREATEST(0, (SELECT max(screen_message_id) FROM bot_sessions),
  (SELECT max(message_id) FROM photo_tasks));

DROP FUNCTION bot_turn(BIGINT, TEXT, BIGINT, BIGINT, BIGINT, BIGINT);
CREATE FUNCTION bot_turn(p_bot BIGINT, p_owner TEXT, p_turn BIGINT, p_offset BIGINT, p_next BIGINT,
                         p_try BIGINT, p_high BIGINT) RETURNS void AS $$
BEGIN
  UPDATE bot_state SET turn = turn + 1, try = p_try, next_offset = p_next, updated_at = now(),
    high_message_id = GREATEST(high_message_id, p_high)
  WHERE bot_id = p_bot AND owner = p_owner AND turn = p_turn AND next_offset = p_offset;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the bot was taken over or the turn is not the next one' USING ERRCODE = 'FB001';
  END IF;
END $$ LANGUAGE plpgsql;

-- The wishes to be woken are read in pages, in this order.
DROP INDEX idx_bot_sessions_refresh;
DROP INDEX idx_bot_sessions_limit;
CREATE INDEX idx_bot_sessions_refresh ON bot_sessions(refresh_at_ms, chat_id) WHERE refresh_at_ms > 0;
CREATE INDEX idx_bot_sessions_limit ON bot_sessions(limit_at_ms, chat_id) WHERE limit_at_ms > 0;
