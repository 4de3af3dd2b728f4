-- AlterTable
ALTER TABLE "fill" ADD COLUMN     "position_side" TEXT NOT NULL DEFAULT 'BOTH';
