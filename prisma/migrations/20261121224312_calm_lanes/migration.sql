-- AlterTable
ALTER TABLE "lane" ADD COLUMN     "is_calm" BOOLEAN NOT NULL DEFAULT false;
