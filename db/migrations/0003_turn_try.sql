-- Which try of a turn was committed. A commit whose answer was lost is given up by the daemon but not by Postgres: it
-- may still be under way on the old connection when the turn is tried again. The number of a turn alone can't tell the
-- two apart; a random number drawn for each try can.
ALTER TABLE bot_state ADD COLUMN try BIGINT NOT NULL DEFAULT 0;

DROP FUNCTION bot_turn(BIGINT, TEXT, BIGINT, BIGINT, BIGINT);
CREATE FUNCTION bot_turn(p_bot BIGINT, p_owner TEXT, p_turn BIGINT, p_offset BIGINT, p_next BIGINT,
                         p_try BIGINT) RETURNS void AS $$
BEGIN
  UPDATE bot_state SET turn = turn + 1, try = p_try, next_offset = p_next, updated_at = now()
  WHERE bot_id = p_bot AND owner = p_owner AND turn = p_turn AND next_offset = p_offset;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the bot was taken over or the turn is not the next one' USING ERRCODE = 'FB001';
  END IF;
END $$ LANGUAGE plpgsql;
