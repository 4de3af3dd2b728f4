-- AlterTable
ALTER TABLE "fact" ADD COLUMN     "level" TEXT;

-- CreateTable
CREATE TABLE "user_mark" (
    "user_id" UUID NOT NULL,
    "activity_cleared_to" BIGINT NOT NULL DEFAULT 0,
    "onboarding_dismissed_at" TIMESTAMPTZ(3),

    CONSTRAINT "user_mark_pkey" PRIMARY KEY ("user_id")
);

-- AddForeignKey
ALTER TABLE "user_mark" ADD CONSTRAINT "user_mark_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "fact" ADD CONSTRAINT "fact_level_check" CHECK ("level" IN ('INFO', 'SUCCESS', 'WARNING', 'ERROR'));

-- The activity log: a user's lines, newest first. Most facts are no news and need no place in it.
CREATE INDEX "fact_activity_idx" ON "fact" ("user_id", "id" DESC) INCLUDE ("level") WHERE "level" IS NOT NULL;
