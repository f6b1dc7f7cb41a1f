"""How a person reaches a bucket without Lifeboat, as a recovery kit says it."""

from storage.vaults.s3 import S3Bucket
from storage.vaults.s3_place import S3Place
from storage.vaults.vault import ToldByHand


def test_a_bucket_of_aws_is_copied_from_with_awss_own_command():
    vault = S3Bucket(S3Place("team-backups", region="eu-central-1", prefix="lifeboat/"))
    told = vault.by_hand()

    assert isinstance(vault, ToldByHand)
    assert told.root == "s3://team-backups/lifeboat"
    assert told.copy == "aws --region eu-central-1 s3 cp"
    assert told.list == "aws --region eu-central-1 s3 ls"


def test_a_server_of_ones_own_is_named_and_a_hostile_address_stays_one_word():
    told = S3Bucket(S3Place("b", endpoint="http://127.0.0.1:9000/;rm -rf")).by_hand()

    assert told.root == "s3://b"
    assert told.copy == "aws --endpoint-url 'http://127.0.0.1:9000/;rm -rf' s3 cp"
