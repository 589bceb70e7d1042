"""The products that every benchmark's store sells."""

import psycopg

PRODUCTS = 400
WORDS = ("red", "blue", "green", "small", "glass", "paper", "heart", "bird", "star", "lamp")


def add_products(connection: psycopg.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO products (sku, name, price) VALUES (%s, %s, 2.50)",
            [
                (
                    f"P{number}",
                    " ".join(WORDS[number * step % len(WORDS)] for step in (1, 4, 7)).upper(),
                )
                for number in range(PRODUCTS)
            ],
        )
