-- AlterTable
ALTER TABLE "follow" ADD COLUMN     "known_terms" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN     "known_terms_version" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "terms_told" JSONB,
ADD COLUMN     "terms_told_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "strategy" ADD COLUMN     "terms_version" INTEGER NOT NULL DEFAULT 1;

-- Nobody is told of what was changed before.
UPDATE "follow" f SET "known_terms" = jsonb_build_object('state', CASE WHEN s."closed_at" IS NULL THEN s."state" ELSE 'CLOSED' END, 'forced', s."forced")
  FROM "strategy" s WHERE s."id" = f."strategy_id";
