-- CreateTable
CREATE TABLE "fact_words" (
    "fact_id" BIGINT NOT NULL,
    "user_id" UUID NOT NULL,
    "words" TEXT NOT NULL,

    CONSTRAINT "fact_words_pkey" PRIMARY KEY ("fact_id")
);

-- CreateTable
CREATE TABLE "fact_words_mark" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "done_to" BIGINT NOT NULL DEFAULT 0,
    "next_to" BIGINT NOT NULL DEFAULT 0,
    "next_xid" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "fact_words_mark_pkey" PRIMARY KEY ("id")
);

-- The groups of three letters of a fact cost its writer more than all else of it, and a fan-out writes thousands. A worker sorts them in behind the
-- orders, those of facts that are here already too; a search looks through what is not sorted in yet.
DROP INDEX "fact_words_idx";
ALTER TABLE "fact_words" ADD CONSTRAINT "fact_words_fact_id_fkey" FOREIGN KEY ("fact_id") REFERENCES "fact" ("id") ON DELETE CASCADE;
CREATE INDEX "fact_words_words_idx" ON "fact_words" USING gin ("user_id", "words" gin_trgm_ops);
INSERT INTO "fact_words_mark" ("id") VALUES (1);
