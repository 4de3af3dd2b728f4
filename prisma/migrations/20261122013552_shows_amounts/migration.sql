-- AlterTable
ALTER TABLE "strategy" ADD COLUMN     "shows_amounts" BOOLEAN NOT NULL DEFAULT true;
