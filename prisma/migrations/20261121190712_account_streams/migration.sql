-- CreateTable
CREATE TABLE "account_stream" (
    "account_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "owner" TEXT NOT NULL,
    "healthy_until" TIMESTAMPTZ(3),
    "woken_at" TIMESTAMPTZ(3),
    "doubted_at" TIMESTAMPTZ(3),

    CONSTRAINT "account_stream_pkey" PRIMARY KEY ("account_id")
);

-- AddForeignKey
ALTER TABLE "account_stream" ADD CONSTRAINT "account_stream_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
