-- AlterTable
ALTER TABLE "app_user" ADD COLUMN     "follow_mails" BOOLEAN NOT NULL DEFAULT true;

-- CreateIndex
CREATE INDEX "mail_user_id_created_at_idx" ON "mail"("user_id", "created_at");
