-- A deed that must change rows, and finds that they are not there or not so any more, undoes its whole transaction: the
-- turn is loaded and stepped again from what is true now.
CREATE FUNCTION bot_deed(p_changed BIGINT, p_wanted BIGINT) RETURNS void AS $$
BEGIN
  IF p_changed <> p_wanted THEN
    RAISE EXCEPTION 'a deed changed % of % rows: they are not as they were loaded', p_changed, p_wanted
      USING ERRCODE = 'FB002';
  END IF;
END $$ LANGUAGE plpgsql;
