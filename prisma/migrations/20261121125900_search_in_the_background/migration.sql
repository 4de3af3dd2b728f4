-- The commit that stores an alert must not stop to sort words into an index: a worker does it every few seconds. So large a list (kB) never
-- fills in between; if it does, because no worker runs, whoever fills it empties it.
ALTER INDEX "signal_body_idx" SET (gin_pending_list_limit = 65536);
ALTER INDEX "delivery_body_idx" SET (gin_pending_list_limit = 65536);
ALTER INDEX "fact_words_idx" SET (gin_pending_list_limit = 65536);
