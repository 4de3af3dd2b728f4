-- AlterTable
ALTER TABLE "mirror_mark" ADD COLUMN     "trailing_activation" DECIMAL(38,18),
ADD COLUMN     "trailing_percent" DECIMAL(10,4);
