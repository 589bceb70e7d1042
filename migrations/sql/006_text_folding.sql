-- How texts are compared. Each function has a twin in app/domain/text/folding.py, and a test holds
-- the two against each other over all of Unicode. They do not depend on the database's locale.

-- What two spellings of one text have in common: letters' case, forms, unseen characters, spaces.
CREATE FUNCTION fold_text(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN t COLLATE "C" ~ '^[!-~]*$' THEN lower(t COLLATE "C")
        ELSE btrim(regexp_replace(
            normalize(casefold(normalize(casefold(
                regexp_replace(normalize(t, NFD),
                    U&'[\00AD\034F\061C\115F\1160\17B4\17B5\180B-\180F\200B-\200F\202A-\202E'
                    '\2060-\206F\3164\FE00-\FE0F\FEFF\FFA0\FFF0-\FFF8\+01BCA0-\+01BCA3'
                    '\+01D173-\+01D17A\+0E0000-\+0E0FFF]', '', 'g')
                COLLATE pg_unicode_fast), NFKC) COLLATE pg_unicode_fast), NFKC) COLLATE "C",
            U&'[\0009-\000D\001C-\0020\0085\00A0\1680\2000-\200A\2028\2029\202F\205F\3000]+',
            ' ', 'g'), ' ')
        END
$$;

-- As fold_text, and without accents.
CREATE FUNCTION search_text(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN octet_length(t) = length(t) THEN public.fold_text(t)
        ELSE normalize(regexp_replace(
            normalize(public.fold_text(t), NFD), U&'[\0300-\036F]', '', 'g'), NFC)
        END
$$;

-- Sorts serial numbers as people count, and is the same for one serial only: each number is led by
-- its count of digits, the counts of zeros that led the numbers follow at the end.
CREATE FUNCTION serial_key(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    -- The first branch is the usual one and saves a call.
    rest text COLLATE "C" := CASE WHEN t COLLATE "C" ~ '^[!-~]*$' THEN lower(t COLLATE "C")
        ELSE public.fold_text(t) END;
    key text COLLATE "C" := '';
    zeros text COLLATE "C" := '';
    behind text COLLATE "C";
    number text COLLATE "C";
    letters integer;
    digit_count integer;
    zero_count integer;
BEGIN
    LOOP
        letters := strpos(translate(rest, '123456789', '000000000'), '0') - 1;
        EXIT WHEN letters < 0;
        behind := substr(rest, letters + 1);
        number := ltrim(behind, '0');
        zero_count := length(behind) - length(number);
        behind := ltrim(number, '0123456789');
        digit_count := length(number) - length(behind);
        key := key || left(rest, letters)
            || CASE WHEN digit_count < 10 THEN digit_count::text
                ELSE ':' || to_char(digit_count, 'FM9900') END
            || left(number, digit_count);
        zeros := zeros || CASE WHEN zero_count < 10 THEN zero_count::text
            ELSE ':' || to_char(zero_count, 'FM9900') END;
        rest := behind;
    END LOOP;
    RETURN key || rest || E'\x01' || zeros;
END $$;

-- UPC-A, EAN-13 and GTIN-14 differ by leading zeros alone.
CREATE FUNCTION barcode_key(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN public.fold_text(t) ~ '^[0-9]{8,14}$'
        THEN lpad(public.fold_text(t), 14, '0') ELSE public.fold_text(t) END
$$;
