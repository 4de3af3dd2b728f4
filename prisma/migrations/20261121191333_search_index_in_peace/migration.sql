-- A fan-out writes thousands of facts at once. With the short list whoever came when it was full emptied it inside their own commit; a worker does that
-- when nothing is on its way.
ALTER INDEX "fact_words_idx" SET (gin_pending_list_limit = 4096);
