-- AlterTable
ALTER TABLE "mirror_mark" ADD COLUMN     "left_legs" TEXT NOT NULL DEFAULT '';
