SELECT 1; -- holds a place
