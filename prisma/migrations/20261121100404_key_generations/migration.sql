-- CreateIndex
CREATE INDEX "exchange_key_sealing_key_id_idx" ON "exchange_key"("sealing_key_id");

-- AddForeignKey
ALTER TABLE "exchange_key" ADD CONSTRAINT "exchange_key_sealing_key_id_fkey" FOREIGN KEY ("sealing_key_id") REFERENCES "sealing_key"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
