-- AlterTable
ALTER TABLE "record_head" ADD COLUMN     "portrait" JSONB;
