-- AlterTable
ALTER TABLE "app_user" ADD COLUMN     "public_name" TEXT;

-- Two names that differ in case, spaces and marks alone would be taken for one person.
CREATE UNIQUE INDEX "app_user_public_name_key" ON "app_user" (lower(regexp_replace("public_name", '[ ._-]', '', 'g'))) WHERE "public_name" IS NOT NULL;
